// unbarrier: --threadgroup 48
// 48 threads: simdgroup 1 has 16. Mirrored within the simdgroup's own row.
#include <metal_stdlib>
using namespace metal;

kernel void rows(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {
    threadgroup float buf[64];
    const uint row = (tid / 32) * 32;
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ weakenable
    out[tid] = buf[row + (lane ^ 1)];
}
