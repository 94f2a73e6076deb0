// unbarrier: --threadgroup 128
// One array for both.
#include <metal_stdlib>
using namespace metal;

kernel void two(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]], uint sg [[simdgroup_index_in_threadgroup]]) {
    threadgroup float part[4];
    const float x = in[tid];
    const float m = simd_max(x);
    if (lane == 0) part[sg] = m;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    const float top = max(max(part[0], part[1]), max(part[2], part[3]));
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    const float s = simd_sum(exp(x - top));
    if (lane == 0) part[sg] = s;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = exp(x - top) / (part[0] + part[1] + part[2] + part[3]);
}
