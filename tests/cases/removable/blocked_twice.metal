// unbarrier: --threadgroup 64
// Four consecutive elements per thread, twice.
#include <metal_stdlib>
using namespace metal;

kernel void blocked(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    for (uint j = 0; j < 4; ++j) buf[tid * 4 + j] = in[tid * 4 + j];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    for (uint j = 0; j < 4; ++j) out[tid * 4 + j] = buf[tid * 4 + 3 - j];
}
