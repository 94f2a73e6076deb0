// unbarrier: --threadgroup 48
// Mirrored over the threadgroup: lane 15 of simdgroup 1 meets lane 0 of simdgroup 0.
#include <metal_stdlib>
using namespace metal;

kernel void rows(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[47 - tid];
}
