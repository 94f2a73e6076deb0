#include <metal_stdlib>
#include <metal_simdgroup_matrix>
using namespace metal;

kernel void exchange(device atomic_uint* counter [[buffer(0)]], device float* data [[buffer(1)]],
                     threadgroup half* tile [[threadgroup(0)]], constant uint& ld [[buffer(2)]],
                     uint lane [[thread_index_in_simdgroup]]) {
    float2 v = float2(data[lane], lane);
    v = simd_sum(v);
    v.x += simd_shuffle_xor(v.y, 4) + quad_broadcast(v.x, 1);
    bool all = simd_all(v.x > 0);
    ulong votes = (ulong)simd_ballot(all);
    if (simd_is_first()) atomic_fetch_add_explicit(counter, uint(votes), memory_order_relaxed);
    device atomic_uint* bits = (device atomic_uint*)&data[lane];
    uint old = atomic_load_explicit(bits, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(bits, &old, as_type<uint>(as_type<float>(old) + v.x),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
    simdgroup_half8x8 a, b;
    simdgroup_float8x8 c = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    simdgroup_load(a, tile, 8);
    simdgroup_load(b, tile + 64, ld, ulong2(8, 0), true);
    simdgroup_multiply_accumulate(c, a, b, c);
    c.thread_elements()[0] += 1.0f;
    simdgroup_store(c, data + 64, ulong(ld));
    simdgroup_float8x8 acc[2];
    for (uint i = 0; i < 2; i++) acc[i] = simdgroup_float8x8(float(i));
    simdgroup_store(acc[lane & 1], data);
}
