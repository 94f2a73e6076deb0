// unbarrier: --threadgroup 64 --execution-barriers-order-memory
// The same kernel for a reader who takes every barrier as ordering all memory.
#include <metal_stdlib>
using namespace metal;

kernel void wrong_flags(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_none); //~ required
    out[tid] = buf[63 - tid];
}
