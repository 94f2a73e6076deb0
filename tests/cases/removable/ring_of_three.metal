// unbarrier: --threadgroup 64
// A ring: step s uses slot s % 3.
#include <metal_stdlib>
using namespace metal;

kernel void ring(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& steps [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[3][64];
    float acc = 0.0f;
    for (uint s = 0; s < steps; ++s) {
        buf[s % 3][tid] = in[s * 64 + tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        acc += buf[s % 3][63 - tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    }
    out[tid] = acc;
}
