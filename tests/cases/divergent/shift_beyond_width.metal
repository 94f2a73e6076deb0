// unbarrier: --threadgroup 128
// A shift by 33 is one by 1: the condition holds for the first two lanes only.
#include <metal_stdlib>
using namespace metal;

kernel void shift_beyond_width(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    uint by = 33;
    if ((tid >> by) == 0) {
        buf[tid] = in[tid];
        simdgroup_barrier(mem_flags::mem_threadgroup); //~ divergent unknown
        out[tid] = buf[tid];
    }
}
