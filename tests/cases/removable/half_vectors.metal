// unbarrier: --threadgroup 64
// half4 and half2 views of one array.
#include <metal_stdlib>
using namespace metal;

kernel void halves(device const half4* in [[buffer(0)]], device half2* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup half4 quads[64];
    threadgroup half2* duos = (threadgroup half2*)quads;
    quads[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = duos[2 * tid + 1];
}
