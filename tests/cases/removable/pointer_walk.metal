// unbarrier: --threadgroup 64
// A pointer that goes up by the number of threads.
#include <metal_stdlib>
using namespace metal;

kernel void walk(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    threadgroup float* p = buf + tid;
    for (uint j = 0; j < 4; ++j, p += 64) *p = in[j * 64 + tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    p = buf + tid;
    for (uint j = 0; j < 4; ++j, p += 64) out[j * 64 + tid] = *p;
}
