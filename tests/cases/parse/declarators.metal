// Declarators of every shape.
#include <metal_stdlib>
typedef float row_t[8];
typedef int (*binary_t)(int, int);
typedef void handler(device float *, int);
using matrix_t = float[4][4];
using fp_t = float (*)(float);
using ref_t = threadgroup float (&)[16];
constant float table[2][3] = {{1, 2, 3}, {4, 5, 6,}};
constant constexpr static int a1 = 1, a2{2}, a3(3);
extern constant float later;
static constant const uint lut[4] = {1u, 2u};
constant bool fc [[function_constant(0)]];
constant int fc2 [[function_constant(1)]] = 4;
float by_array(threadgroup float (&tile)[8][16], threadgroup half (*rows)[4], const device float *const *pp,
               float (*fn)(float), thread float *__restrict out, device atomic_uint *counter, int, float[4]);
threadgroup float *get(threadgroup float *p) { return p; }
thread const float &first(thread const float (&xs)[4]) { return xs[0]; }
void locals(device float *buf, int n) {
    unsigned int u = 1; unsigned char uc; long long ll; unsigned long long ull; signed char sc; short int si; unsigned us;
    const float x = 1, *px = &x, **ppx = &px;
    float const *const cp = px;
    threadgroup float shared[4][8][16][2];
    threadgroup float (*view)[8] = (threadgroup float (*)[8])shared;
    threadgroup float (&r)[8] = view[0];
    float &alias = u, &&rv = 1.0f;
    auto &ra = alias; auto &&fwd = 2; const auto c = 3; constexpr auto z = 4; decltype(auto) da = (u); decltype(x) dx = x;
    float q(1.0f), w(x, 2), e{3}, arr[] = {1, 2, 3}, init = {4};
    int (*op)(int, int) = nullptr;
    volatile device float *vp = buf; device float volatile *vq; device float *volatile vr;
    coherent device float *co; coherent(device) device float *co2;
    binary_t cb = nullptr;
    metal::float4 v4; metal::vec<float, 3> v3; unknown_t unk; ns::unknown_t *unk2 = nullptr; unknown_t *unk3;
    struct Local { int a; } loc = {1};
    struct { int b; } anon;
    enum { E0, E1 };
    using T2 = float; typedef int T3; T2 t2 = 1; T3 *t3 = nullptr;
    static_assert(sizeof(T2) == 4, "four");
    simdgroup_float8x8 sm; metal::texture2d<float, metal::access::read> tex;
    thread_local int tl; [[maybe_unused]] int mu [[clang::something(1, x)]] = 3; int at __attribute__((aligned(16)));
    threadgroup atomic_int counters[4]; alignas(16) float al[4];
    u * x; n * n;
}
