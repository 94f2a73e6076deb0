// unbarrier: --threadgroup 64
// Reads one half, writes the other: one barrier per step is enough.
#include <metal_stdlib>
using namespace metal;

kernel void rotate_steps(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& steps [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[2][64];
    uint cur = 0;
    buf[0][tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    for (uint s = 0; s < steps; ++s) {
        const float v = buf[cur][(tid + 1) % 64];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
        buf[1 - cur][tid] = v;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        cur = 1 - cur;
    }
    out[tid] = buf[cur][tid];
}
