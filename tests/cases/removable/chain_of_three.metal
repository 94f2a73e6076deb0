// unbarrier: --threadgroup 64
// `x` is ordered by the first or the second barrier, `y` by the second or the third: the second excludes both others, which can go together.
// jointly: 2
// exclusive: 14 16
// exclusive: 16 18
#include <metal_stdlib>
using namespace metal;

kernel void chain(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float x[64];
    threadgroup float y[64];
    const float v = in[tid];
    x[tid] = v;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    y[tid] = v * 2.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    float s = x[63 - tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = s + y[63 - tid];
}
