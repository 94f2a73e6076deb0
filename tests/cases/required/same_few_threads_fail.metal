// unbarrier: --threadgroup 128
// Four threads load, all use it.
#include <metal_stdlib>
using namespace metal;

kernel void few(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[4];
    if (tid < 4) buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[tid % 4] * 2.0f;
}
