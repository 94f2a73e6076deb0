#include <metal_stdlib>
using namespace metal;

kernel void reduction(
    device const float* input [[buffer(0)]],
    device float* output [[buffer(1)]],
    constant uint& count [[buffer(2)]],
    uint tid [[thread_index_in_threadgroup]],
    uint size [[threads_per_threadgroup]],
    uint group [[threadgroup_position_in_grid]])
{
    threadgroup float partial[256];
    float sum = 0.0f;
    for (uint i = tid; i < count; i += size) {
        sum += input[i];
    }
    partial[tid] = sum;
    threadgroup_barrier(mem_flags::mem_threadgroup); // A
    for (uint step = size / 2; step > 0; step /= 2) {
        if (tid < step) {
            partial[tid] += partial[tid + step];
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); // B
    }
    if (tid == 0) {
        output[group] = partial[0];
    }
}
