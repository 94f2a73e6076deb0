// unbarrier: --threadgroup 64
// Sums of floating-point numbers round: their order shows.
#include <metal_stdlib>
using namespace metal;

kernel void k(device atomic_float* f [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    if (tid == 0) {
        atomic_fetch_add_explicit(f, 1e8f, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_device); //~ required
    if (tid == 40) {
        atomic_fetch_add_explicit(f, 1.0f, memory_order_relaxed);
    }
}
