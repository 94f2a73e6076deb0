#include <metal_stdlib>
#include <metal_simdgroup_matrix>
using namespace metal;

kernel void matrix(
    device const float* a [[buffer(0)]],
    device const float* b [[buffer(1)]],
    device float* c [[buffer(2)]],
    uint tid [[thread_index_in_threadgroup]],
    uint sg [[simdgroup_index_in_threadgroup]],
    uint sgs [[simdgroups_per_threadgroup]])
{
    threadgroup float tile[4][64];
    for (uint i = tid; i < 64 * sgs; i += 32 * sgs) {
        tile[i / 64][i % 64] = a[i];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); // A
    simdgroup_float8x8 ma, mb, mc;
    mc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    simdgroup_load(ma, &tile[sg][0], 8);
    simdgroup_load(mb, b, 8);
    simdgroup_multiply_accumulate(mc, ma, mb, mc);
    simdgroup_barrier(mem_flags::mem_threadgroup); // B
    simdgroup_store(mc, &tile[sg][0], 8);
    threadgroup_barrier(mem_flags::mem_threadgroup); // C
    for (uint i = tid; i < 64 * sgs; i += 32 * sgs) {
        c[i] = tile[i / 64][i % 64];
    }
}
