// unbarrier: --threadgroup 64
// The same exchange through memory, across the threadgroup.
#include <metal_stdlib>
using namespace metal;

kernel void shuffle(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    const float x = in[tid];
    buf[tid] = x;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = x + buf[tid ^ 32];
}
