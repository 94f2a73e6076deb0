// unbarrier: --threadgroup 64
// Only the first iteration writes, so that nothing waits at the end of an iteration.
#include <metal_stdlib>
using namespace metal;

kernel void back_edge(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& steps [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    float acc = 0.0f;
    for (uint s = 0; s < steps; ++s) {
        if (s == 0) buf[tid] = in[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        acc += buf[(tid + s + 1) % 64];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    }
    out[tid] = acc;
}
