// unbarrier: --threadgroup 64
// Sums, then a counter in the same buffer that other threadgroups may wait for.
#include <metal_stdlib>
using namespace metal;

kernel void k(device atomic_uint* sums [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    atomic_fetch_add_explicit(&sums[1 + tid], tid + 7, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_device); //~ unknown
    if (tid == 0) {
        atomic_fetch_add_explicit(&sums[0], 1u, memory_order_relaxed);
    }
}
