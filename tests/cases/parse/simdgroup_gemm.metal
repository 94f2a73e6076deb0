// A tiled matrix product in the style of hand-written libraries.
#include <metal_stdlib>
#include <metal_simdgroup_matrix>
using namespace metal;
#define TILE 32
#define TILE_CONST static constant constexpr const
#define UNROLL _Pragma("clang loop unroll(full)")
template <typename T, short BM, short BK, short NT> struct Loader {
    TILE_CONST short vec_size = (BM * BK) / NT;
    const short lane;
    threadgroup T *dst;
    const device T *src;
    METAL_FUNC Loader(const device T *s, threadgroup T *d, ushort l [[thread_index_in_simdgroup]])
        : lane(l), dst(d + l), src(s + l * vec_size) {}
    METAL_FUNC void load() const {
        UNROLL for (short i = 0; i < BM; i += NT / BK) {
            *((threadgroup vec<T, 4> *)(&dst[i * BK])) = *((const device vec<T, 4> *)(&src[i]));
        }
    }
};
template <typename T> [[kernel, max_total_threads_per_threadgroup(128)]] void
gemm(const device T *A [[buffer(0)]], const device T *B [[buffer(1)]], device T *C [[buffer(2)]],
     const constant uint3 &dims [[buffer(3)]], uint2 tg [[threadgroup_position_in_grid]],
     uint sg [[simdgroup_index_in_threadgroup]], ushort lane [[thread_index_in_simdgroup]]) {
    threadgroup T As[TILE * (TILE + 16 / sizeof(T))], Bs[TILE * TILE];
    simdgroup_matrix<float, 8, 8> acc[4][4] = {{simdgroup_matrix<float, 8, 8>(0)}};
    thread Loader<T, TILE, TILE, 128> loader(A + tg.y * TILE, As, lane);
    for (uint k = 0; k < dims.z; k += TILE) {
        threadgroup_barrier(mem_flags::mem_threadgroup);
        loader.load();
        loader.src += TILE;
        threadgroup_barrier(mem_flags::mem_threadgroup);
        simdgroup_matrix<T, 8, 8> a, b;
        simdgroup_load(a, As + sg * 8, TILE, ulong2(0, 0), false);
        simdgroup_load(b, &Bs[(sg & 1) * 8]);
        simdgroup_multiply_accumulate(acc[sg / 2][sg % 2], a, b, acc[sg / 2][sg % 2]);
    }
    device T4 *out = (device T4 *)(C) + tg.x;
    simdgroup_store(acc[0][0], (device float *)out, dims.x);
    atomic_fetch_add_explicit((device atomic_uint *)&C[0], 1u, memory_order_relaxed);
}
#define instantiate(name, type) template [[host_name("gemm_" #name)]] [[kernel]] decltype(gemm<type>) gemm<type>;
instantiate(f32, float)
instantiate(f16, half)
