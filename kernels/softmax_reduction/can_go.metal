// Pattern: a softmax whose reductions go through simdgroups first.
//
// `simd_max` and `simd_sum` exchange registers and need no barrier. What crosses simdgroups does: one partial result per simdgroup, written
// by its first lane and read by everybody. With an array for the maxima and another for the sums, one barrier per
// reduction is all it takes. Two more stand here by habit and can go: the one after filling `logits_tg` (each thread reads back what
// it wrote) and the one between the two reductions (they use different arrays).
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 256;
constant constexpr uint SIMDGROUPS = THREADS / 32;
constant constexpr uint MAX_CANDIDATES = 1024;

kernel void router_softmax(
    device const half* logits [[buffer(0)]],    // [tokens][candidates]
    device float* probs [[buffer(1)]],          // [tokens][candidates]
    constant uint& candidates [[buffer(2)]],    // at most MAX_CANDIDATES
    uint token [[threadgroup_position_in_grid]],
    uint tid [[thread_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]],
    uint sg [[simdgroup_index_in_threadgroup]])
{
    threadgroup float logits_tg[MAX_CANDIDATES];
    threadgroup float max_tg[SIMDGROUPS];
    threadgroup float sum_tg[SIMDGROUPS];

    const uint base = token * candidates;
    for (uint c = tid; c < candidates; c += THREADS) {
        logits_tg[c] = float(logits[base + c]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable

    float local_max = -INFINITY;
    for (uint c = tid; c < candidates; c += THREADS) {
        local_max = max(local_max, logits_tg[c]);
    }
    local_max = simd_max(local_max);
    if (lane == 0) {
        max_tg[sg] = local_max;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    float row_max = max_tg[0];
    for (uint s = 1; s < SIMDGROUPS; ++s) {
        row_max = max(row_max, max_tg[s]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable

    float local_sum = 0.0f;
    for (uint c = tid; c < candidates; c += THREADS) {
        const float e = exp(logits_tg[c] - row_max);
        logits_tg[c] = e;
        local_sum += e;
    }
    local_sum = simd_sum(local_sum);
    if (lane == 0) {
        sum_tg[sg] = local_sum;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    float row_sum = 0.0f;
    for (uint s = 0; s < SIMDGROUPS; ++s) {
        row_sum += sum_tg[s];
    }
    const float scale = 1.0f / row_sum;
    for (uint c = tid; c < candidates; c += THREADS) {
        probs[base + c] = logits_tg[c] * scale;
    }
}
