// unbarrier: --threadgroup 64
// Indices from a table in the program, which sends every thread to its own cell.
#include <metal_stdlib>
using namespace metal;

constant uint order[4] = {0, 1, 2, 3};

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = a[(tid & ~3u) + order[tid & 3]];
}
