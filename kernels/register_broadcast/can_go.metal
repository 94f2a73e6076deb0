// Pattern: a barrier after a value was computed in registers.
//
// A gated feed-forward layer for one token: hidden = silu(gate) * up, then out += hidden * down. The threads of the
// threadgroup split the hidden dimension. `hidden` lives in a register of the thread that computed it, and the same thread uses it.
// A barrier orders memory between threads; there is none to order here.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint OUT_TILE = 512;
constant constexpr uint OUT_PER_THREAD = OUT_TILE / THREADS;

static inline float silu(float x) {
    return x / (1.0f + exp(-x));
}

kernel void gated_mlp_row(
    device const half* x [[buffer(0)]],          // [hidden_dim]
    device const half* w_gate [[buffer(1)]],     // [inner_dim][hidden_dim]
    device const half* w_up [[buffer(2)]],       // [inner_dim][hidden_dim]
    device const half* w_down [[buffer(3)]],     // [inner_dim][OUT_TILE]
    device float* out [[buffer(4)]],             // [OUT_TILE]
    constant uint& hidden_dim [[buffer(5)]],
    constant uint& inner_dim [[buffer(6)]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup float acc_tg[OUT_TILE];

    // Each thread owns the outputs tid, tid + THREADS, ….
    for (uint j = 0; j < OUT_PER_THREAD; ++j) {
        acc_tg[tid + j * THREADS] = 0.0f;
    }

    for (uint row = 0; row < inner_dim; ++row) {
        float gate = 0.0f;
        float up = 0.0f;
        for (uint k = 0; k < hidden_dim; ++k) {
            gate = fma(float(x[k]), float(w_gate[row * hidden_dim + k]), gate);
            up = fma(float(x[k]), float(w_up[row * hidden_dim + k]), up);
        }
        const float hidden = silu(gate) * up;             // in a register
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable

        for (uint j = 0; j < OUT_PER_THREAD; ++j) {
            const uint col = tid + j * THREADS;
            acc_tg[col] = fma(hidden, float(w_down[row * OUT_TILE + col]), acc_tg[col]);
        }
    }

    for (uint j = 0; j < OUT_PER_THREAD; ++j) {
        out[tid + j * THREADS] = acc_tg[tid + j * THREADS];
    }
}
