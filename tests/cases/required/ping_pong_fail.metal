// unbarrier: --threadgroup 64
// Forgot to trade: from the second step on, nothing is read that was written, but both still touch one array.
#include <metal_stdlib>
using namespace metal;

kernel void ping_pong(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& steps [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float a[64];
    threadgroup float* src = a;
    threadgroup float* dst = a;
    src[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    for (uint s = 0; s < steps; ++s) {
        const float v = src[(tid + 1) % 64];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        dst[tid] = v;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[tid] = src[tid];
}
