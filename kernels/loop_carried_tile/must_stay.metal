// The twin: the same product with single buffers.
//
// Now the next step fills the tiles that this step reads. The barrier at the end of the step holds the fast threads back until the slow ones
// are done; without it, a simdgroup could multiply with a tile that is half old and half new.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint TILE = 32;
constant constexpr uint TILE_K = 16;

// Copies a ROWS x COLS tile, element i to thread i % THREADS.
template <typename T, uint ROWS, uint COLS>
static void load_tile(device const T* src, uint stride, threadgroup T* dst, uint tid) {
    for (uint i = tid; i < ROWS * COLS; i += THREADS) {
        dst[i] = src[(i / COLS) * stride + i % COLS];
    }
}

template <typename T>
kernel void gemm_single_buffered(
    device const T* a [[buffer(0)]],            // [m][k]
    device const T* b [[buffer(1)]],            // [k][n]
    device T* c [[buffer(2)]],                  // [m][n]
    constant uint& n [[buffer(3)]],
    constant uint& k [[buffer(4)]],
    uint2 block [[threadgroup_position_in_grid]],
    uint tid [[thread_index_in_threadgroup]],
    uint sg [[simdgroup_index_in_threadgroup]])
{
    threadgroup T a_tile[TILE * TILE_K];
    threadgroup T b_tile[TILE_K * TILE];

    const uint row0 = (sg / 2) * 16;
    const uint col0 = (sg % 2) * 16;
    simdgroup_matrix<T, 8, 8> acc[2][2];
    for (uint i = 0; i < 2; ++i)
        for (uint j = 0; j < 2; ++j)
            acc[i][j] = make_filled_simdgroup_matrix<T, 8, 8>(T(0));

    const uint steps = k / TILE_K;
    for (uint kt = 0; kt < steps; ++kt) {
        load_tile<T, TILE, TILE_K>(a + block.y * TILE * k + kt * TILE_K, k, a_tile, tid);
        load_tile<T, TILE_K, TILE>(b + kt * TILE_K * n + block.x * TILE, n, b_tile, tid);
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

        for (uint kk = 0; kk < TILE_K; kk += 8) {
            simdgroup_matrix<T, 8, 8> ma[2];
            simdgroup_matrix<T, 8, 8> mb[2];
            for (uint i = 0; i < 2; ++i) {
                simdgroup_load(ma[i], &a_tile[(row0 + 8 * i) * TILE_K + kk], TILE_K);
                simdgroup_load(mb[i], &b_tile[kk * TILE + col0 + 8 * i], TILE);
            }
            for (uint i = 0; i < 2; ++i)
                for (uint j = 0; j < 2; ++j)
                    simdgroup_multiply_accumulate(acc[i][j], ma[i], mb[j], acc[i][j]);
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }

    device T* out = c + (block.y * TILE + row0) * n + block.x * TILE + col0;
    for (uint i = 0; i < 2; ++i)
        for (uint j = 0; j < 2; ++j)
            simdgroup_store(acc[i][j], out + 8 * i * n + 8 * j, n);
}

template [[host_name("gemm_single_buffered_f32")]] kernel void gemm_single_buffered<float>(
    device const float*, device const float*, device float*, constant uint&, constant uint&, uint2, uint, uint);
template [[host_name("gemm_single_buffered_f16")]] kernel void gemm_single_buffered<half>(
    device const half*, device const half*, device half*, constant uint&, constant uint&, uint2, uint, uint);
