// unbarrier: --threadgroup 64
// Blocked in the first phase, strided in the second.
#include <metal_stdlib>
using namespace metal;

kernel void blocked(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    for (uint j = 0; j < 4; ++j) buf[tid * 4 + j] = in[tid * 4 + j];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    for (uint j = 0; j < 4; ++j) out[tid + j * 64] = buf[tid + j * 64];
}
