// unbarrier: --threadgroup 64
// A plain read of what the others count.
#include <metal_stdlib>
using namespace metal;

kernel void count(device const uint* in [[buffer(0)]], device atomic_uint* bins [[buffer(1)]], device uint* out [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    atomic_fetch_add_explicit(&bins[in[tid] % 8], 1u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_device); //~ required
    device const uint* plain = (device const uint*)bins;
    if (tid < 8) out[tid] = plain[tid];
}
