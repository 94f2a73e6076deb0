// unbarrier: --threadgroup 64 --strict-divergence
// With --strict-divergence an early return before a barrier is a finding.
#include <metal_stdlib>
using namespace metal;

kernel void leave(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    if (tid >= 48) return;
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ divergent required
    out[tid] = buf[47 - tid];
}
