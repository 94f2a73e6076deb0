// unbarrier: --threadgroup 64
// Two barriers in a row, with nothing that matters between them. Either can go, both cannot.
// jointly: 1
// exclusive: 12 14
#include <metal_stdlib>
using namespace metal;

kernel void neighbours(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    float x = in[tid];
    buf[tid] = x;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    x = x * x + 1.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[63 - tid] + x;
}
