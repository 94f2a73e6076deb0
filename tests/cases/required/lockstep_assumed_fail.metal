// unbarrier: --threadgroup 64 --lockstep
#include <metal_stdlib>
using namespace metal;

kernel void neighbour(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[tid ^ 32];
}
