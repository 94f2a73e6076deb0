// unbarrier: --threadgroup 64
// What a thread keeps in its private array is its own, and so is which turns it skips.
#include <metal_stdlib>
using namespace metal;

kernel void skip_own(device const uint* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    uint ids[4];
    for (uint t = 0; t < 4; ++t) {
        ids[t] = in[t * 64 + tid];
    }
    float sum = 0.0f;
    for (uint t = 0; t < 4; ++t) {
        if (ids[t] >= n) continue;
        buf[tid] = float(t);
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown divergent
        sum += buf[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown divergent
    }
    out[tid] = sum;
}
