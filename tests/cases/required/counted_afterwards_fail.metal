// unbarrier: --threadgroup 64
// Twin of counted_afterwards: thread 0 reads what the others wrote before it counts.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* sums [[buffer(0)]], device atomic_uint* done [[buffer(1)]],
              device const float* in [[buffer(3)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    sums[group * 64 + tid] = in[group * 64 + tid];
    threadgroup_barrier(mem_flags::mem_device); //~ required
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 0) atomic_fetch_add_explicit(done, uint(sums[group * 64 + 63]), memory_order_relaxed);
}
