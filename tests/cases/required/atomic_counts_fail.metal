// The largest so far and sums do not commute.
#include <metal_stdlib>
using namespace metal;

kernel void k(device const uint* a [[buffer(0)]], device atomic_uint* total [[buffer(1)]], device const uint* b [[buffer(2)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup atomic_uint bins[16];
    if (tid < 16) atomic_store_explicit(&bins[tid], 0u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    atomic_fetch_add_explicit(&bins[a[tid] & 15u], 1u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    atomic_fetch_max_explicit(&bins[b[tid] & 15u], 9u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid < 16)
        atomic_fetch_add_explicit(&total[tid], atomic_load_explicit(&bins[tid], memory_order_relaxed), memory_order_relaxed);
}
