// unbarrier: --threadgroup 128
// Every thread clears the accumulators it uses itself.
#include <metal_stdlib>
using namespace metal;

kernel void accumulate(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& k [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float acc[512];
    for (uint i = tid; i < 512; i += 128) acc[i] = 0.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    for (uint j = 0; j < k; ++j)
        for (uint i = tid; i < 512; i += 128) acc[i] += in[j * 512 + i];
    for (uint i = tid; i < 512; i += 128) out[i] = acc[i];
}
