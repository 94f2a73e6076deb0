// unbarrier: --threadgroup 64
// Four floats on: the first of the next thread.
#include <metal_stdlib>
using namespace metal;

kernel void vectors(device const float4* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    threadgroup float4* wide = (threadgroup float4*)buf;
    wide[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[4 * tid] + buf[(4 * tid + 4) % 256];
}
