// unbarrier: --threadgroup 64
// A function without a body may do anything with what it gets, and may contain a barrier.
#include <metal_stdlib>
using namespace metal;

void mystery(threadgroup float* p, uint tid);
kernel void external(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    mystery(buf, tid); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = buf[tid];
}
