// unbarrier: --threadgroup 64
// In signed arithmetic it holds for 0..47.
#include <metal_stdlib>
using namespace metal;

kernel void range(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    if (int(tid) - 32 < 16) buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid >= 48u) out[tid] = buf[tid - 32];
}
