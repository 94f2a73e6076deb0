// unbarrier: --threadgroup 64
// A barrier that orders two spaces; neither needs it.
#include <metal_stdlib>
using namespace metal;

kernel void two_spaces(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], device float* scratch [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    scratch[tid] = in[tid] * 2.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup | mem_flags::mem_device); //~ removable
    out[tid] = buf[tid] + scratch[tid];
}
