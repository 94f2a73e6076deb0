// unbarrier: --threadgroup 64
#include <metal_stdlib>
using namespace metal;

kernel void leave(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    threadgroup float buf[64];
    if (group >= n) return;
    buf[tid] = in[group * 64 + tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[group * 64 + tid] = buf[63 - tid];
}
