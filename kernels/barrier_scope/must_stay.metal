// The twin: the probabilities of all rows are read by all simdgroups.
//
// The second phase splits the head dimension over the *threadgroup*: thread t computes output column t % HEAD for the rows of two
// simdgroups. What it reads was written by other simdgroups, so a simdgroup barrier would not do.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint ROWS = 4;
constant constexpr uint KEYS = 128;
constant constexpr uint HEAD = 64;

kernel void attention_block(
    device const half* q [[buffer(0)]],
    device const half* k [[buffer(1)]],
    device const half* v [[buffer(2)]],
    device half* out [[buffer(3)]],
    uint group [[threadgroup_position_in_grid]],
    uint tid [[thread_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]],
    uint sg [[simdgroup_index_in_threadgroup]])
{
    threadgroup float p[ROWS][KEYS];
    threadgroup float sums[ROWS];
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
    simdgroup_barrier(mem_flags::mem_threadgroup); //~ removable

    float sum = 0.0f;
    for (uint j = lane; j < KEYS; j += 32) {
        const float e = exp(p[sg][j] - top);
        p[sg][j] = e;
        sum += e;
    }
    sum = simd_sum(sum);
    if (lane == 0) {
        sums[sg] = sum;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    const uint d = tid % HEAD;
    for (uint r = tid / HEAD; r < ROWS; r += 2) {
        float o = 0.0f;
        for (uint j = 0; j < KEYS; ++j) {
            o = fma(p[r][j], float(v[j * HEAD + d]), o);
        }
        out[(group * ROWS + r) * HEAD + d] = half(o / sums[r]);
    }
}
