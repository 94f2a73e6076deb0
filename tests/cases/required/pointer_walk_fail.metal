// unbarrier: --threadgroup 64
#include <metal_stdlib>
using namespace metal;

kernel void walk(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    threadgroup float* p = buf + tid;
    for (uint j = 0; j < 4; ++j, p += 64) *p = in[j * 64 + tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    p = buf + 4 * tid;
    for (uint j = 0; j < 4; ++j, p += 1) out[j * 64 + tid] = *p;
}
