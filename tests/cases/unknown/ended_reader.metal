// unbarrier: --threadgroup 64
// What a thread did before it ended races with or without the barrier: deleting it is not to blame, and no witness may say so.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    if (tid >= 32) {
        a[tid] = 1; //~ race
        return;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = a[63 - tid]; //~ race
}
