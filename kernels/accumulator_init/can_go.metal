// Pattern: a barrier after clearing accumulators in threadgroup memory.
//
// Two accumulators per output column (gate and up projections of an expert). Clearing, accumulating and writing out all use the same
// mapping: column c belongs to thread c % THREADS. Nobody ever touches another thread's column, so the barrier after the
// clearing loop, and the one before the results are written, order nothing.
//
// The activation row is shared. Its two barriers inside the loop stay.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint TILE_N = 320;   // not a multiple of THREADS: the last round is partial
constant constexpr uint TILE_K = 32;

kernel void expert_projections(
    device const half* activations [[buffer(0)]],   // [k_dim]
    device const half* w_gate [[buffer(1)]],        // [k_dim][TILE_N]
    device const half* w_up [[buffer(2)]],          // [k_dim][TILE_N]
    device half* out [[buffer(3)]],                 // [TILE_N]
    constant uint& k_dim [[buffer(4)]],
    uint thread_idx [[thread_index_in_threadgroup]])
{
    threadgroup half a_tile[TILE_K];
    threadgroup float gate_acc[TILE_N];
    threadgroup float up_acc[TILE_N];

    for (uint i = thread_idx; i < TILE_N; i += THREADS) {
        gate_acc[i] = 0.0f;
        up_acc[i] = 0.0f;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable

    const uint k_tiles = k_dim / TILE_K;
    for (uint kt = 0; kt < k_tiles; ++kt) {
        if (thread_idx < TILE_K) {
            a_tile[thread_idx] = activations[kt * TILE_K + thread_idx];
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

        for (uint i = thread_idx; i < TILE_N; i += THREADS) {
            float gate = gate_acc[i];
            float up = up_acc[i];
            for (uint k = 0; k < TILE_K; ++k) {
                const uint at = (kt * TILE_K + k) * TILE_N + i;
                gate = fma(float(a_tile[k]), float(w_gate[at]), gate);
                up = fma(float(a_tile[k]), float(w_up[at]), up);
            }
            gate_acc[i] = gate;
            up_acc[i] = up;
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }

    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    for (uint i = thread_idx; i < TILE_N; i += THREADS) {
        const float g = gate_acc[i];
        out[i] = half(g / (1.0f + exp(-g)) * up_acc[i]);
    }
}
