// unbarrier: --threadgroup 64
// Division rounds towards zero: threads 29 and 33 meet in slot 8.
#include <metal_stdlib>
using namespace metal;

kernel void slots(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[16];
    const int d = int(tid) - 32;
    if (tid % 4 == 1) buf[8 + (d >> 2)] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid % 4 == 1) out[tid] = buf[8 + d / 4];
}
