// unbarrier: --threadgroup 64
// One barrier in the source, two instances: both calls must be able to do without.
#include <metal_stdlib>
using namespace metal;

void stage(threadgroup float* dst, device const float* src, uint tid) {
    dst[tid] = src[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
}
kernel void two_calls(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float a[64];
    threadgroup float b[64];
    stage(a, in, tid);
    stage(b, in + 64, tid);
    out[tid] = a[tid] * b[tid];
}
