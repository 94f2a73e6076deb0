// unbarrier: --threadgroup 64
// Three bytes per thread: words straddle threads.
#include <metal_stdlib>
using namespace metal;

kernel void bytes(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint words[64];
    threadgroup uchar* raw = (threadgroup uchar*)words;
    for (uint j = 0; j < 3; ++j) raw[tid * 3 + j] = uchar(in[tid] >> (8 * j));
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = words[tid];
}
