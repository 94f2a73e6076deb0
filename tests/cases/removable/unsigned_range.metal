// unbarrier: --threadgroup 64
// `tid - 32u < 16u` holds for 32..47 only: below 32 the difference wraps to a huge number.
#include <metal_stdlib>
using namespace metal;

kernel void range(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    if (tid - 32u < 16u) buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid >= 48u) out[tid] = buf[tid - 32];
}
