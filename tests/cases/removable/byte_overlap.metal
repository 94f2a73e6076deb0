// unbarrier: --threadgroup 64
// Bytes through a cast: the four bytes of the thread's own word.
#include <metal_stdlib>
using namespace metal;

kernel void bytes(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint words[64];
    threadgroup uchar* raw = (threadgroup uchar*)words;
    for (uint j = 0; j < 4; ++j) raw[tid * 4 + j] = uchar(in[tid] >> (8 * j));
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = words[tid];
}
