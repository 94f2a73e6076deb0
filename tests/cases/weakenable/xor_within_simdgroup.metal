// unbarrier: --threadgroup 128
// Partners 16 apart are in one simdgroup.
#include <metal_stdlib>
using namespace metal;

kernel void partners(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ weakenable
    out[tid] = buf[tid ^ 16];
}
