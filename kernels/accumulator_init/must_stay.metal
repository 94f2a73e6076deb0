// The twin: clearing is strided, accumulating is blocked.
//
// Thread t clears the columns t, t + THREADS, …, but accumulates a block of consecutive columns (because the weights of a
// block share a scale). Between the two stands the barrier. The one before the results are written is needed for the same reason, since
// writing out is strided again.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint TILE_N = 512;
constant constexpr uint BLOCK = TILE_N / THREADS;

kernel void expert_blocked(
    device const half* activations [[buffer(0)]],   // [k_dim]
    device const char* w_quantised [[buffer(1)]],   // [k_dim][TILE_N]
    device const half* scales [[buffer(2)]],        // [k_dim][THREADS]
    device half* out [[buffer(3)]],                 // [TILE_N]
    constant uint& k_dim [[buffer(4)]],
    uint thread_idx [[thread_index_in_threadgroup]])
{
    threadgroup float acc[TILE_N];

    for (uint i = thread_idx; i < TILE_N; i += THREADS) {
        acc[i] = 0.0f;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    for (uint k = 0; k < k_dim; ++k) {
        const float a = float(activations[k]) * float(scales[k * THREADS + thread_idx]);
        for (uint j = 0; j < BLOCK; ++j) {
            const uint col = thread_idx * BLOCK + j;
            acc[col] = fma(a, float(w_quantised[k * TILE_N + col]), acc[col]);
        }
    }

    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    for (uint i = thread_idx; i < TILE_N; i += THREADS) {
        out[i] = half(acc[i]);
    }
}
