// unbarrier: --threadgroup 64
// A maximum of one word as signed and as unsigned: two orders of the same bits.
#include <metal_stdlib>
using namespace metal;

kernel void k(device atomic_int* f [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    if (tid == 0) {
        atomic_fetch_max_explicit(f, 5, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_device); //~ required
    if (tid == 40) {
        atomic_fetch_max_explicit((device atomic_uint*)f, 0x80000000u, memory_order_relaxed);
    }
}
