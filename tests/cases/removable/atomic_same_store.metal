// unbarrier: --threadgroup 64
// Both stores are of one value: their order does not matter.
#include <metal_stdlib>
using namespace metal;

kernel void k(device atomic_uint* flags [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup atomic_uint seen[8];
    atomic_store_explicit(&seen[tid & 7u], 1u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    atomic_store_explicit(&seen[7u - (tid & 7u)], 1u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    if (tid < 8)
        atomic_store_explicit(&flags[tid], atomic_load_explicit(&seen[tid ^ 1u], memory_order_relaxed), memory_order_relaxed);
}
