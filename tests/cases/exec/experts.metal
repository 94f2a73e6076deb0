// A mixture of experts in tiles: gathers the rows routed to one expert and multiplies them with its matrix.
#include <metal_stdlib>
using namespace metal;

constant uint ROWS = 16;
constant uint COLS = 48;
constant uint DEPTH = 32;
constant uint THREADS = 128;

struct Shape {
    uint k;
    uint n;
    uint tokens;
};

kernel void experts(
    device const half* x [[buffer(0)]],
    device const half* w [[buffer(1)]],
    device const uint* routed [[buffer(2)]],
    device float* out [[buffer(3)]],
    constant Shape& shape [[buffer(4)]],
    uint tid [[thread_index_in_threadgroup]],
    uint expert [[threadgroup_position_in_grid]])
{
    threadgroup half xs[ROWS][DEPTH];
    threadgroup half ws[DEPTH][COLS];
    for (uint row0 = 0; row0 < shape.tokens; row0 += ROWS) {
        for (uint col0 = 0; col0 < shape.n; col0 += COLS) {
            float sums[ROWS * COLS / THREADS];
            for (uint j = 0; j < ROWS * COLS / THREADS; ++j) {
                sums[j] = 0.0f;
            }
            for (uint k0 = 0; k0 < shape.k; k0 += DEPTH) {
                for (uint i = tid; i < ROWS * DEPTH; i += THREADS) {
                    uint r = row0 + i / DEPTH, k = k0 + i % DEPTH;
                    half v = 0.0h;
                    if (r < shape.tokens && k < shape.k) {
                        uint token = routed[expert * shape.tokens + r] % shape.tokens;
                        v = x[token * shape.k + k];
                    }
                    xs[i / DEPTH][i % DEPTH] = v;
                }
                for (uint i = tid; i < DEPTH * COLS; i += THREADS) {
                    uint k = k0 + i / COLS, c = col0 + i % COLS;
                    half v = 0.0h;
                    if (k < shape.k && c < shape.n) {
                        v = w[(expert * shape.k + k) * shape.n + c];
                    }
                    ws[i / COLS][i % COLS] = v;
                }
                threadgroup_barrier(mem_flags::mem_threadgroup); // A
                for (uint j = 0; j < ROWS * COLS / THREADS; ++j) {
                    uint e = tid + j * THREADS;
                    for (uint k = 0; k < DEPTH; ++k) {
                        sums[j] += float(xs[e / COLS][k]) * float(ws[k][e % COLS]);
                    }
                }
                threadgroup_barrier(mem_flags::mem_threadgroup); // B
            }
            for (uint j = 0; j < ROWS * COLS / THREADS; ++j) {
                uint e = tid + j * THREADS;
                uint r = row0 + e / COLS, c = col0 + e % COLS;
                if (r < shape.tokens && c < shape.n) {
                    out[(expert * shape.tokens + r) * shape.n + c] = sums[j];
                }
            }
        }
    }
}
