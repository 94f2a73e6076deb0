// unbarrier: --threadgroup 64
// The barrier is met in every third iteration only, and every thread keeps to its own cell.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    for (uint i = 0; i < 9; ++i) {
        if (i % 3 == 0) {
            threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
            a[tid] = i;
        }
        if (i % 3 == 2) {
            out[tid] += a[tid];
        }
    }
}
