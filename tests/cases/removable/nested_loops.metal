// unbarrier: --threadgroup 64
// The inner loop ends with a barrier, and runs at least once; the one at the end of the outer body follows it.
#include <metal_stdlib>
using namespace metal;

kernel void nested(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& rows [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    for (uint r = 0; r < rows; ++r) {
        float acc = 0.0f;
        for (uint k = 0; k < 4; ++k) {
            buf[tid] = in[(r * 4 + k) * 64 + tid];
            threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
            acc += buf[63 - tid];
            threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        }
        out[r * 64 + tid] = acc;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    }
}
