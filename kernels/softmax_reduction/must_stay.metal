// The twin: one array for maxima and sums, and thread 0 combines and broadcasts.
//
// Four barriers per softmax, and each has a reason of its own:
//   1. the partial maxima are written before thread 0 reads them;
//   2. thread 0 has written the maximum into slot 0 before the others read it;
//   3. all have read slot 0 before simdgroup 0 reuses it for its partial sum;
//   4. and 5. are 1. and 2. for the sum.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 256;
constant constexpr uint SIMDGROUPS = THREADS / 32;
constant constexpr uint MAX_CANDIDATES = 1024;

kernel void router_softmax_shared(
    device const half* logits [[buffer(0)]],
    device float* probs [[buffer(1)]],
    constant uint& candidates [[buffer(2)]],
    uint token [[threadgroup_position_in_grid]],
    uint tid [[thread_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]],
    uint sg [[simdgroup_index_in_threadgroup]])
{
    threadgroup float logits_tg[MAX_CANDIDATES];
    threadgroup float part_tg[SIMDGROUPS];

    const uint base = token * candidates;
    float local_max = -INFINITY;
    for (uint c = tid; c < candidates; c += THREADS) {
        const float x = float(logits[base + c]);
        logits_tg[c] = x;
        local_max = max(local_max, x);
    }
    local_max = simd_max(local_max);
    if (lane == 0) {
        part_tg[sg] = local_max;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    if (tid == 0) {
        float m = part_tg[0];
        for (uint s = 1; s < SIMDGROUPS; ++s) {
            m = max(m, part_tg[s]);
        }
        part_tg[0] = m;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    const float row_max = part_tg[0];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    float local_sum = 0.0f;
    for (uint c = tid; c < candidates; c += THREADS) {
        const float e = exp(logits_tg[c] - row_max);
        logits_tg[c] = e;
        local_sum += e;
    }
    local_sum = simd_sum(local_sum);
    if (lane == 0) {
        part_tg[sg] = local_sum;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    if (tid == 0) {
        float total = part_tg[0];
        for (uint s = 1; s < SIMDGROUPS; ++s) {
            total += part_tg[s];
        }
        part_tg[0] = total;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    const float scale = 1.0f / part_tg[0];
    for (uint c = tid; c < candidates; c += THREADS) {
        probs[base + c] = logits_tg[c] * scale;
    }
}
