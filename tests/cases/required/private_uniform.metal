// unbarrier: --threadgroup 64
// Every thread keeps the same in its private array, so all of them skip the same turns.
#include <metal_stdlib>
using namespace metal;

kernel void skip(device const uint* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    uint ids[4];
    for (uint t = 0; t < 4; ++t) {
        ids[t] = in[t];
    }
    float sum = 0.0f;
    for (uint t = 0; t < 4; ++t) {
        if (ids[t] >= n) continue;
        buf[tid] = float(t);
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        sum += buf[63 - tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[tid] = sum;
}
