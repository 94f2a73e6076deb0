// unbarrier: --threadgroup 64
// Indices from a table in the program, which lets neighbours trade cells.
#include <metal_stdlib>
using namespace metal;

constant uint order[4] = {0, 1, 3, 2};

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ weakenable
    out[tid] = a[(tid & ~3u) + order[tid & 3]];
}
