// unbarrier: --threadgroup 64
// One slot: without the second barrier thread 0 overwrites the flag while others still read it, and the break is not uniform.
#include <metal_stdlib>
using namespace metal;

kernel void guard(device const uint* more [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint go;
    float acc = 0.0f;
    for (uint k = 0; k < 1000; ++k) {
        if (tid == 0) go = more[k];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (go == 0) break;
        acc += 1.0f;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[tid] = acc;
}
