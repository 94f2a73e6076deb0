#include <metal_stdlib>
using namespace metal;

kernel void simd_reduction(
    device const int* input [[buffer(0)]],
    device int* output [[buffer(1)]],
    uint tid [[thread_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]],
    uint sg [[simdgroup_index_in_threadgroup]],
    uint sgs [[simdgroups_per_threadgroup]])
{
    threadgroup int partial[32];
    int sum = simd_sum(input[tid]);
    if (lane == 0) {
        partial[sg] = sum;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); // A
    if (sg == 0) {
        int v = lane < sgs ? partial[lane] : 0;
        v = simd_sum(v);
        if (lane == 0) {
            output[0] = v;
        }
    }
}
