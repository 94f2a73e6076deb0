// unbarrier: --threadgroup 64
// A `break` that depends on data loaded by the thread.
#include <metal_stdlib>
using namespace metal;

kernel void stop(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = 0.0f;
    for (uint k = 0; k < n; ++k) {
        if (in[k * 64 + tid] < 0.0f) break;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ divergent unknown
        buf[tid] += 1.0f;
    }
    out[tid] = buf[tid];
}
