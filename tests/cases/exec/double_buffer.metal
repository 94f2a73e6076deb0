#include <metal_stdlib>
using namespace metal;

kernel void double_buffer(
    device const float* input [[buffer(0)]],
    device float* output [[buffer(1)]],
    constant uint& rounds [[buffer(2)]],
    uint tid [[thread_index_in_threadgroup]],
    uint size [[threads_per_threadgroup]])
{
    threadgroup float tile[2][64];
    uint b = 0;
    tile[b][tid] = input[tid];
    float sum = 0.0f;
    for (uint r = 0; r < rounds; r++) {
        threadgroup_barrier(mem_flags::mem_threadgroup); // A
        sum += tile[b][(tid + 1) % size];
        tile[1 - b][tid] = sum;
        b = 1 - b;
    }
    output[tid] = sum;
}
