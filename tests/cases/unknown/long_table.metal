// unbarrier: --threadgroup 64
// A table too long to be spelled out for the solver: it may imagine other contents, but the race that it then finds does not happen.
#include <metal_stdlib>
using namespace metal;

constant uint order[65] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64
};

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[65];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = a[order[tid]];
}
