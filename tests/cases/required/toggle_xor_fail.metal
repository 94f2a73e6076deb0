// unbarrier: --threadgroup 64
// `b ^= 2` on a buffer of four halves that are only two: bit 0 never changes.
#include <metal_stdlib>
using namespace metal;

kernel void toggle(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& steps [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[2][64];
    float acc = 0.0f;
    uint b = 0;
    for (uint s = 0; s < steps; ++s) {
        buf[b & 1][tid] = in[s * 64 + tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        acc += buf[b & 1][63 - tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        b ^= 2;
    }
    out[tid] = acc;
}
