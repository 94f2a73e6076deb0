// unbarrier: --threadgroup 32
// All 32 threads are in one simdgroup: its own barrier is enough, but without lockstep not nothing.
#include <metal_stdlib>
using namespace metal;

kernel void tree(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[32];
    buf[tid] = in[tid];
    for (uint s = 16; s > 0; s >>= 1) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ weakenable
        if (tid < s) buf[tid] += buf[tid + s];
    }
    if (tid == 0) out[0] = buf[0];
}
