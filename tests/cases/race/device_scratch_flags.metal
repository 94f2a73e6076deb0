// unbarrier: --threadgroup 64
// Device data under a barrier for threadgroup memory.
#include <metal_stdlib>
using namespace metal;

kernel void scratchpad(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], device float* scratch [[buffer(2)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    scratch[group * 64 + tid] = in[tid]; //~ race
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[group * 64 + tid] = scratch[group * 64 + 63 - tid]; //~ race
}
