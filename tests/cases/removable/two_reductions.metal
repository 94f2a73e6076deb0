// unbarrier: --threadgroup 128
// Two reductions through different arrays: the barrier between the read of the first and the write of the second can go.
#include <metal_stdlib>
using namespace metal;

kernel void two(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]], uint sg [[simdgroup_index_in_threadgroup]]) {
    threadgroup float maxima[4];
    threadgroup float sums[4];
    const float x = in[tid];
    const float m = simd_max(x);
    if (lane == 0) maxima[sg] = m;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    const float top = max(max(maxima[0], maxima[1]), max(maxima[2], maxima[3]));
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    const float s = simd_sum(exp(x - top));
    if (lane == 0) sums[sg] = s;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = exp(x - top) / (sums[0] + sums[1] + sums[2] + sums[3]);
}
