// unbarrier: --threadgroup 64
// Whether a threadgroup variable is initialised, and when, is not said: it costs only what lies between.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[64] = {0}; //~ unsupported
    threadgroup float other[64];
    other[tid] = 1;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = other[tid] + s[tid];
}
