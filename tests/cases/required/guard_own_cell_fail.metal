// unbarrier: --threadgroup 64
// Each thread decides by its own cell of shared memory: one may write where another does not, and reads.
#include <metal_stdlib>
using namespace metal;

kernel void k(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64], b[64];
    a[tid] = in[tid];
    const bool odd = a[tid] & 1;
    if (odd) {
        b[tid] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (!odd) {
        out[tid] = b[63 - tid];
    }
}
