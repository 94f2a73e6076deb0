// unbarrier: --threadgroup 16,8
// A row of 16 is half a simdgroup: position x below 32 says nothing about a simdgroup, and position x below 8 parts it.
#include <metal_stdlib>
using namespace metal;

kernel void rows_of_sixteen(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint2 p [[thread_position_in_threadgroup]],
                            uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    buf[tid] = in[tid];
    if (p.x / 32 + p.y / 2 == 1 && p.x < 8) {
        simdgroup_barrier(mem_flags::mem_threadgroup); //~ divergent unknown
    }
    out[tid] = buf[tid];
}
