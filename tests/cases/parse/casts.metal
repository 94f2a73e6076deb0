// Casts and what only looks like one.
#include <metal_stdlib>
struct Item { float w; };
typedef float real;
using index_t = unsigned long long;
template <typename T, int N> float casts(device void *raw, float x, int n, uint i) {
    T a = (T)x;
    T b = (T)-x;
    T c = (T)(x);
    T d = (T)(x + 1) * 2;
    real e = (real)n / (real)(n + 1);
    device T *q = (device T *)raw + i;
    device const Item *s = reinterpret_cast<device const Item *>(raw);
    threadgroup float (*rows)[N] = (threadgroup float (*)[N])raw;
    auto u = as_type<uint>(x);
    auto v = metal::as_type<ushort2>(u);
    auto w = static_cast<T>(x) + static_cast<metal::vec<T, 4>>(a)[0];
    auto k = const_cast<thread float *>(&x);
    auto y = float4(x), z = float2{x, 1}, zz = (float4){x, x, x, x};
    auto m = metal::vec<T, 2>(x, x) * T(n) + T{};
    auto t = (index_t)(unsigned)n + (unsigned char)(i) + (uint)(~i);
    auto o = (N) - 1;
    auto g = (n) - 1;
    auto h = (x) * (x);
    auto j = (float3)(x, x, 1).xyz;
    auto l = (other_type)x;
    auto p = ((device uchar *)raw)[i];
    return (float)(half)x + float(int(x)) + s->w + unsigned(n) + decltype(x)(n);
}
template <typename T> int of_decltype(T x) {
    decltype(x)::type a = decltype(x)::make(1);
    return decltype(x)::value + (int)decltype(a)::zero;
}
