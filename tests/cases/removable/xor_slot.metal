// unbarrier: --threadgroup 128
// A permutation by xor with a parameter: each thread has a slot of its own, whatever the mask.
#include <metal_stdlib>
using namespace metal;

kernel void slot(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& mask [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    const uint s = tid ^ (mask & 127);
    buf[s] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[s] * 2.0f;
}
