// unbarrier: --threadgroup 64
// The second step pairs across: 0 with 32, 1 with 33.
#include <metal_stdlib>
using namespace metal;

kernel void pairs(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    const uint partner = tid ^ 1;
    const uint other = tid ^ 32;
    if (tid < partner) {
        buf[tid] = in[tid];
        buf[partner] = in[partner];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid < other) {
        out[tid] = max(buf[tid], buf[other]);
        out[other] = min(buf[tid], buf[other]);
    }
}
