// unbarrier: --threadgroup 64
// A kernel's parameter may be a pointer by an alias template.
#include <metal_stdlib>
using namespace metal;

template <typename T> using buffer_of = device T*;

kernel void k(buffer_of<uint> out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    s[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = s[63 - tid];
}
