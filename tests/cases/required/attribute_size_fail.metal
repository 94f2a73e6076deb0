#include <metal_stdlib>
using namespace metal;

[[max_total_threads_per_threadgroup(64)]]
kernel void sized(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid >= 32) out[tid] = buf[tid - 32];
    else out[tid] = buf[tid];
}
