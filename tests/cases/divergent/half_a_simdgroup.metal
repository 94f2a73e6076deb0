// unbarrier: --threadgroup 128
// A bound that is no multiple of 32 cuts a simdgroup; one that is a multiple still parts the threadgroup.
#include <metal_stdlib>
using namespace metal;

kernel void half_a_simdgroup(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    if (tid < 48) {
        buf[tid] = in[tid];
        simdgroup_barrier(mem_flags::mem_threadgroup); //~ divergent unknown
        out[tid] = buf[tid];
    }
}
