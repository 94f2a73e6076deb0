// Pattern: a threadgroup barrier where the data stays within a simdgroup, and the other way round.
//
// Attention scores: each simdgroup handles one query row and keeps its own row of probabilities in threadgroup memory. The lanes of a
// simdgroup exchange entries through that row, so *something* has to order them (lanes do not run in lockstep); but no other simdgroup ever
// looks at it: a `simdgroup_barrier` is enough, and the threadgroup barrier makes four simdgroups wait for each other for nothing.
// The barrier after the second use can go altogether: the kernel ends there.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint ROWS = 4;          // simdgroups per threadgroup
constant constexpr uint KEYS = 128;        // keys per block
constant constexpr uint HEAD = 64;         // head dimension

kernel void attention_rows(
    device const half* q [[buffer(0)]],        // [queries][HEAD]
    device const half* k [[buffer(1)]],        // [KEYS][HEAD]
    device const half* v [[buffer(2)]],        // [KEYS][HEAD]
    device half* out [[buffer(3)]],            // [queries][HEAD]
    uint group [[threadgroup_position_in_grid]],
    uint lane [[thread_index_in_simdgroup]],
    uint sg [[simdgroup_index_in_threadgroup]])
{
    threadgroup float p[ROWS][KEYS];
    const uint row = group * ROWS + sg;

    float top = -INFINITY;
    for (uint j = lane; j < KEYS; j += 32) {
        float s = 0.0f;
        for (uint d = 0; d < HEAD; ++d) {
            s = fma(float(q[row * HEAD + d]), float(k[j * HEAD + d]), s);
        }
        p[sg][j] = s;
        top = max(top, s);
    }
    top = simd_max(top);

    float sum = 0.0f;
    for (uint j = lane; j < KEYS; j += 32) {
        const float e = exp(p[sg][j] - top);
        p[sg][j] = e;
        sum += e;
    }
    sum = simd_sum(sum);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ weakenable

    for (uint d = lane; d < HEAD; d += 32) {
        float o = 0.0f;
        for (uint j = 0; j < KEYS; ++j) {
            o = fma(p[sg][j], float(v[j * HEAD + d]), o);
        }
        out[row * HEAD + d] = half(o / sum);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
}
