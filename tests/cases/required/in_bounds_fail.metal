// unbarrier: --threadgroup 64 --assume "count <= 100000" --assume-in-bounds
// The array is large enough for elements that one thread writes and another reads.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* out [[buffer(0)]], constant uint& count [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    for (uint i = tid; i < count; i += 64) {
        buf[i] = 1.0f;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    float sum = 0;
    for (uint i = tid; i < count; i += 65) {
        sum += buf[i];
    }
    out[tid] = sum;
}
