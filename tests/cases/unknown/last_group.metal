// unbarrier: --threadgroup 64
// The last threadgroup to finish adds up what all wrote. No two threads of one threadgroup race without the first barrier, but
// what it orders before the counter is read by another threadgroup.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* sums [[buffer(0)]], device atomic_uint* done [[buffer(1)]], device float* total [[buffer(2)]],
              device const float* in [[buffer(3)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]],
              uint groups [[threadgroups_per_grid]]) {
    threadgroup bool last;
    sums[group * 64 + tid] = in[group * 64 + tid];
    threadgroup_barrier(mem_flags::mem_device); //~ unknown
    if (tid == 0) last = atomic_fetch_add_explicit(done, 1, memory_order_relaxed) == groups - 1;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (!last) return;
    float t = 0;
    for (uint i = 0; i < groups; i++) t += sums[i * 64 + tid];
    total[tid] = t;
}
