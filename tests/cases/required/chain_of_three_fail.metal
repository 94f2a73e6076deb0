// unbarrier: --threadgroup 64
// The same, but `y` is read before the third barrier, so that the second is needed.
// jointly: 2
#include <metal_stdlib>
using namespace metal;

kernel void chain(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float x[64];
    threadgroup float y[64];
    const float v = in[tid];
    x[tid] = v;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    y[tid] = v * 2.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    float s = x[63 - tid] + y[63 - tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = s;
}
