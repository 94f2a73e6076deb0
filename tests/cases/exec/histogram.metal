#include <metal_stdlib>
using namespace metal;

kernel void histogram(
    device const uint* input [[buffer(0)]],
    device atomic_uint* output [[buffer(1)]],
    constant uint& count [[buffer(2)]],
    uint tid [[thread_index_in_threadgroup]],
    uint size [[threads_per_threadgroup]])
{
    threadgroup atomic_uint bins[8];
    if (tid < 8) {
        atomic_store_explicit(&bins[tid], 0u, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); // A
    for (uint i = tid; i < count; i += size) {
        atomic_fetch_add_explicit(&bins[input[i] & 7], 1u, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); // B
    if (tid < 8) {
        uint v = atomic_load_explicit(&bins[tid], memory_order_relaxed);
        atomic_fetch_add_explicit(&output[tid], v, memory_order_relaxed);
    }
}
