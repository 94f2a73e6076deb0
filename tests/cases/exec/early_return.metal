#include <metal_stdlib>
using namespace metal;

kernel void early_return(
    device const float* input [[buffer(0)]],
    device float* output [[buffer(1)]],
    constant uint& count [[buffer(2)]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup float tile[64];
    tile[tid] = input[tid];
    if (tid >= count) {
        return;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); // A
    output[tid] = tile[count - 1 - tid];
}

// What the threads that left wrote is ordered before nothing.
kernel void late_reader(
    device const float* input [[buffer(0)]],
    device float* output [[buffer(1)]],
    constant uint& count [[buffer(2)]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup float tile[64];
    tile[tid] = input[tid];
    if (tid >= count) {
        return;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); // B
    output[tid] = tile[tid + 1];
}
