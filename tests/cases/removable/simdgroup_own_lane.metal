// unbarrier: --threadgroup 128
// A simdgroup_barrier that orders nothing: each lane reads what it wrote.
#include <metal_stdlib>
using namespace metal;

kernel void rows(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]], uint sg [[simdgroup_index_in_threadgroup]]) {
    threadgroup float buf[4][32];
    buf[sg][lane] = in[tid];
    simdgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[sg][lane];
}
