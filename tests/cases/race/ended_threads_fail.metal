// unbarrier: --threadgroup 64
// What an ended thread wrote is ordered before nothing: the barrier cannot help.
#include <metal_stdlib>
using namespace metal;

kernel void leave(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid]; //~ race
    if (tid >= 48) return;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[63 - tid]; //~ race
}
