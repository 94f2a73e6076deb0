// unbarrier: --threadgroup 64
// Everyone reads the sum.
#include <metal_stdlib>
using namespace metal;

kernel void tree(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    for (uint s = 32; s > 0; s >>= 1) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (tid < s) buf[tid] += buf[tid + s];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[tid] / buf[0];
}
