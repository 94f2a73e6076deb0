// unbarrier: --threadgroup 64
// A single buffer needs both.
#include <metal_stdlib>
using namespace metal;

kernel void rotate_steps(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& steps [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    for (uint s = 0; s < steps; ++s) {
        const float v = buf[(tid + 1) % 64];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        buf[tid] = v;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[tid] = buf[tid];
}
