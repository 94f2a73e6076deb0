// unbarrier: --threadgroup 64
// The remainder of a negative number is negative: -32..31, then shifted to 0..63, which is another permutation.
#include <metal_stdlib>
using namespace metal;

kernel void wrapped(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[(tid - 32u) % 64u] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[(int(tid) - 32) % 64 + 32];
}
