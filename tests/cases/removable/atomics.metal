// unbarrier: --threadgroup 64
// Atomic on both sides: no race, with or without the barrier (the order of atomics is not part of the claim).
#include <metal_stdlib>
using namespace metal;

kernel void count(device const uint* in [[buffer(0)]], device atomic_uint* bins [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    atomic_fetch_add_explicit(&bins[in[tid] % 8], 1u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_device); //~ removable
    atomic_fetch_add_explicit(&bins[in[tid + 64] % 8], 1u, memory_order_relaxed);
}
