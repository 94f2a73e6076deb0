// unbarrier: --threadgroup 64
// Who reads has come by the barrier: both are under the same condition.
#include <metal_stdlib>
using namespace metal;

kernel void taken(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    if (n > 4) {
        buf[tid] = in[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[tid] = 0.0f;
    if (n > 4) {
        out[tid] = buf[63 - tid];
    }
}
