// unbarrier: --threadgroup 64
// A barrier right before some threads end is the last that they meet: the one that follows orders nothing of theirs.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = 1;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid >= 32) {
        return;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    a[63 - tid] = 2;
    out[tid] = 0;
}
