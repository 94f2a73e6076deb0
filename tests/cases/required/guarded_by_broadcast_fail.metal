// unbarrier: --threadgroup 64
// And here it is not. Both barriers stay: the first one makes the branch uniform.
#include <metal_stdlib>
using namespace metal;

kernel void guard(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float limit;
    threadgroup float buf[64];
    if (tid == 0) limit = in[0];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (limit > 0.0f) {
        buf[tid] = in[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        out[tid] = buf[63 - tid];
    }
}
