// unbarrier: --threadgroup 64
// `const int` and `int` are two arguments: of a class template, and of `is_same`.
#include <metal_stdlib>
using namespace metal;

template <typename T> struct place { static constant constexpr uint at = 40; };
template <typename T> struct place<const T> { static constant constexpr uint at = 8; };
template <typename T> struct inner { using value_type = T; static constant constexpr uint at = place<value_type>::at; };

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    const int five = 5;
    using fixed = const int;
    constexpr uint a = inner<decltype(five)>::at + (is_same_v<fixed, int> ? 1u : 0u);
    constexpr uint b = inner<remove_cv_t<fixed>>::at;
    if (tid == 0) { s[a] = 1; s[b + 1] = 1; }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) { out[0] = s[40] + s[9]; }
}
