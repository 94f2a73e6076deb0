// unbarrier: --threadgroup 64
// An object of a class that is not known is made of memory, which it may touch.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    threadgroup uint other[64];
    s[tid] = tid;
    other[tid] = tid;
    not_a_known_class<uint> x(s, 64); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = s[tid];
}
