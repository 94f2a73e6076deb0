// unbarrier: --threadgroup 64
// Indices from a table in the program, half of which leads to the other simdgroup.
#include <metal_stdlib>
using namespace metal;

constant uint order[4] = {0, 1, 32, 33};

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = a[tid ^ order[tid & 3]];
}
