// unbarrier: --threadgroup 128
// As simdgroup_of_indices.metal, but lanes read what their neighbours wrote.
#include <metal_stdlib>
using namespace metal;

kernel void simdgroup_of_indices_fail(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    if (tid < 64) {
        buf[tid] = in[tid];
        simdgroup_barrier(mem_flags::mem_threadgroup); //~ required
        out[tid] = buf[tid ^ 1];
    }
}
