// unbarrier: --threadgroup 64
// Every other iteration writes: the read of one is overtaken by the write of the next.
#include <metal_stdlib>
using namespace metal;

kernel void back_edge(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& steps [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    float acc = 0.0f;
    for (uint s = 0; s < steps; ++s) {
        if (s % 2 == 0) buf[tid] = in[s * 64 + tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        acc += buf[(tid + s) % 64];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[tid] = acc;
}
