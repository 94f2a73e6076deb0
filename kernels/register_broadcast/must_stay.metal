// The twin: the threads share the work on `hidden` and hand it to each other through threadgroup memory.
//
// Every thread computes one entry of a tile of the hidden vector, and then needs all of them. The first barrier makes the entries
// visible; the second keeps a fast thread from overwriting the tile for the next round while a slow one still reads it.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint OUT_TILE = 512;
constant constexpr uint OUT_PER_THREAD = OUT_TILE / THREADS;

static inline float silu(float x) {
    return x / (1.0f + exp(-x));
}

kernel void gated_mlp_tiled(
    device const half* x [[buffer(0)]],          // [hidden_dim]
    device const half* w_gate [[buffer(1)]],     // [inner_dim][hidden_dim]
    device const half* w_up [[buffer(2)]],       // [inner_dim][hidden_dim]
    device const half* w_down [[buffer(3)]],     // [inner_dim][OUT_TILE]
    device float* out [[buffer(4)]],             // [OUT_TILE]
    constant uint& hidden_dim [[buffer(5)]],
    constant uint& inner_tiles [[buffer(6)]],    // inner_dim / THREADS
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup float acc_tg[OUT_TILE];
    threadgroup float hidden_tg[THREADS];

    for (uint j = 0; j < OUT_PER_THREAD; ++j) {
        acc_tg[tid + j * THREADS] = 0.0f;
    }

    for (uint tile = 0; tile < inner_tiles; ++tile) {
        const uint row = tile * THREADS + tid;
        float gate = 0.0f;
        float up = 0.0f;
        for (uint k = 0; k < hidden_dim; ++k) {
            gate = fma(float(x[k]), float(w_gate[row * hidden_dim + k]), gate);
            up = fma(float(x[k]), float(w_up[row * hidden_dim + k]), up);
        }
        hidden_tg[tid] = silu(gate) * up;                 // for everybody
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

        for (uint j = 0; j < OUT_PER_THREAD; ++j) {
            const uint col = tid + j * THREADS;
            float sum = acc_tg[col];
            for (uint h = 0; h < THREADS; ++h) {
                sum = fma(hidden_tg[h], float(w_down[(tile * THREADS + h) * OUT_TILE + col]), sum);
            }
            acc_tg[col] = sum;
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }

    for (uint j = 0; j < OUT_PER_THREAD; ++j) {
        out[tid + j * THREADS] = acc_tg[tid + j * THREADS];
    }
}
