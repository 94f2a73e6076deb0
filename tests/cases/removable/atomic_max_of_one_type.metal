// unbarrier: --threadgroup 64
// A maximum of one word as one type.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup atomic_uint top;
    if (tid == 0) {
        atomic_store_explicit(&top, 3u, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 0) {
        atomic_fetch_max_explicit(&top, 5u, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 40) {
        atomic_fetch_max_explicit(&top, 0x80000000u, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = atomic_load_explicit(&top, memory_order_relaxed);
}
