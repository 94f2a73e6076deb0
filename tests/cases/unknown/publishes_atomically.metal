// unbarrier: --threadgroup 64
// What is told to other threadgroups was written atomically, which is a write all the same.
#include <metal_stdlib>
using namespace metal;

kernel void k(device atomic_uint* part [[buffer(0)]], device atomic_uint* ready [[buffer(1)]],
              uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    atomic_store_explicit(&part[group * 64 + tid], tid * tid, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_device); //~ unknown
    if (tid == 0) atomic_store_explicit(&ready[group], 1u, memory_order_relaxed);
}
