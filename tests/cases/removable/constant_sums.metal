// unbarrier: --threadgroup 64
// Sums of constants that are types: their operators make new types, and `operator` on another operand converts.
#include <metal_stdlib>
using namespace metal;

template <typename T, T v> struct fixed {
    static constant constexpr T value = v;
    using value_type = T;
    constexpr operator value_type() const { return value; }
};
template <int v> using Int = fixed<int, v>;
template <typename T, T a, typename U, U b> constexpr auto operator+(fixed<T, a>, fixed<U, b>) {
    constexpr auto r = a + b;
    return fixed<T, r>{};
}
template <typename T> constexpr T sum(T x) { return x; }
template <typename T, typename... Us> constexpr auto sum(T x, Us... us) { return x + sum(us...); }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    constexpr auto n = sum(Int<1>{}, Int<3>{}, Int<4>{});
    uint m = 32;
    m += n;
    if (tid == 0) { s[n] = 1; s[m + Int<2>{}] = 1; }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) { out[0] = s[40]; }
}
