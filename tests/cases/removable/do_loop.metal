// unbarrier: --threadgroup 64 --assume "rounds >= 1 && rounds < 1000"
// A loop tested at its end runs at least once.
#include <metal_stdlib>
using namespace metal;

kernel void at_least_once(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& rounds [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    uint r = 0;
    buf[tid] = in[tid];
    do {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        out[r * 64 + tid] = buf[63 - tid];
    } while (++r < rounds);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[rounds * 64 + tid] = buf[tid];
}
