// unbarrier: --threadgroup 64 --assume "n >= 1"
// The loop runs at least once, and its barrier stands in for the one after it.
// jointly: 1
#include <metal_stdlib>
using namespace metal;

kernel void zero_trip(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    float acc = 0.0f;
    buf[tid] = in[tid];
    for (uint k = 0; k < n; ++k) {
        acc += float(k);
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[63 - tid] + acc;
}
