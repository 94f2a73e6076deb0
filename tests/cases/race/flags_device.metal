// unbarrier: --threadgroup 64
// The threads meet, but the flags name device memory and the data is in threadgroup memory.
#include <metal_stdlib>
using namespace metal;

kernel void wrong_flags(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid]; //~ race flags
    threadgroup_barrier(mem_flags::mem_device); //~ unknown
    out[tid] = buf[63 - tid]; //~ race flags
}
