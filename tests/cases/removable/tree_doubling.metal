// unbarrier: --threadgroup 64
// The same tree from neighbours outwards.
#include <metal_stdlib>
using namespace metal;

kernel void tree(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    for (uint s = 1; s < 64; s *= 2) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (tid % (2 * s) == 0) buf[tid] += buf[tid + s];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 0) out[0] = buf[0];
}
