// unbarrier: --threadgroup 64
#include <metal_stdlib>
using namespace metal;

kernel void skip(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]], constant uint& hole [[buffer(3)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    for (uint k = 0; k < n; ++k) {
        if (k == hole) continue;
        buf[tid] = in[k * 64 + tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        out[k * 64 + tid] = buf[63 - tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
}
