// unbarrier: --threadgroup 64
// One side runs in mode 1 only, the other in mode 2 only.
#include <metal_stdlib>
using namespace metal;

kernel void choice(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& mode [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    if (mode == 1) buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (mode == 2) out[tid] = buf[63 - tid];
}
