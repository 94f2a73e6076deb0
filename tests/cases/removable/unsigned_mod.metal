// unbarrier: --threadgroup 64
// 64 divides 2^32: the wrap does no harm.
#include <metal_stdlib>
using namespace metal;

kernel void wrapped(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[(tid - 32u) % 64u] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[(tid + 32u) % 64u];
}
