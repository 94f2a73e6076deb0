// unbarrier: --threadgroup 64
// Threads from 48 on end early. What they wrote, nobody reads.
#include <metal_stdlib>
using namespace metal;

kernel void leave(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    if (tid >= 48) return;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[47 - tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[64 + tid] = buf[tid];
}
