// unbarrier: --threadgroup 64
// A loop that runs a different number of times per thread.
#include <metal_stdlib>
using namespace metal;

kernel void loop_count(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    for (uint k = 0; k < tid; ++k) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ divergent unknown
    }
    out[tid] = buf[tid];
}
