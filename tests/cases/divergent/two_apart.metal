// unbarrier: --threadgroup 64
// Threads wait at two barriers for each other, and deleting one would leave some waiting: neither verdict is more than unknown, though they order no memory.
#include <metal_stdlib>
using namespace metal;

kernel void two_apart(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    if (tid < 32) {
        threadgroup_barrier(mem_flags::mem_none); //~ divergent unknown
    } else {
        threadgroup_barrier(mem_flags::mem_none); //~ divergent unknown
    }
    out[tid] = buf[tid];
}
