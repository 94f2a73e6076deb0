// unbarrier: --threadgroup 64
// A function that is not known touches what it is given, and nothing else.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    threadgroup uint other[64];
    other[tid] = 0;
    s[tid] = tid;
    not_of_this_library(s); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = s[tid];
}
