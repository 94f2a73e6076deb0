// unbarrier: --threadgroup 64
// The write is before the branch, and both branches read across.
#include <metal_stdlib>
using namespace metal;

kernel void choice(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& mode [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    if (mode == 1) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        out[tid] = buf[63 - tid];
    } else {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        out[tid] = buf[(tid + 1) % 64];
    }
}
