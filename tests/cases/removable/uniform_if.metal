// unbarrier: --threadgroup 64
// A barrier under a condition on a parameter is uniform.
#include <metal_stdlib>
using namespace metal;

kernel void choice(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& mode [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    if (mode == 1) {
        buf[tid] = in[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
        out[tid] = buf[tid];
    } else {
        buf[63 - tid] = in[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        out[tid] = buf[tid];
    }
}
