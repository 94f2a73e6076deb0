// unbarrier: --threadgroup 64
// The lower thread of a pair handles both elements, and the pairs stay the same.
#include <metal_stdlib>
using namespace metal;

kernel void pairs(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    const uint partner = tid ^ 1;
    if (tid < partner) {
        buf[tid] = in[tid];
        buf[partner] = in[partner];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid < partner) {
        out[tid] = max(buf[tid], buf[partner]);
        out[partner] = min(buf[tid], buf[partner]);
    }
}
