// unbarrier: --threadgroup 64
// Device memory is ordered by a barrier that stays; the one that goes does not name it.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* sums [[buffer(0)]], device atomic_uint* done [[buffer(1)]],
              device const float* in [[buffer(3)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    sums[group * 64 + tid] = in[group * 64 + tid];
    threadgroup_barrier(mem_flags::mem_device); //~ unknown
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 0) atomic_fetch_add_explicit(done, 1, memory_order_relaxed);
}
