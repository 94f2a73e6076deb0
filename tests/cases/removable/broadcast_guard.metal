// unbarrier: --threadgroup 64
// Thread 0 publishes how far to go; two slots, used in turns, so that the read is over before the slot is written again.
#include <metal_stdlib>
using namespace metal;

kernel void guard(device const uint* more [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint go[2];
    float acc = 0.0f;
    for (uint k = 0; k < 1000; ++k) {
        if (tid == 0) go[k & 1] = more[k];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (go[k & 1] == 0) break;
        acc += 1.0f;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    }
    out[tid] = acc;
}
