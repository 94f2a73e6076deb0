#include <metal_stdlib>
using namespace metal;

template <typename T> struct Traits { static constant constexpr uint width = 1; using acc = T; };
template <> struct Traits<half> { static constant constexpr uint width = 4; using acc = float; };
template <typename T, int N> struct Traits<vec<T, N>> {
    static constant constexpr uint width = N;
    using acc = T;
};

template <typename T> using acc_t = typename Traits<T>::acc;

template <typename T, uint N>
inline void clear(threadgroup T (&tile)[N], uint i) {
    tile[i] = T(N);
}

struct Add {
    template <typename T> T operator()(T a, T b) const { return a + b; }
};

template <typename T, typename Op, uint N = 2 * Traits<T>::width>
inline acc_t<T> fold(device const T* p, Op op) {
    acc_t<T> r = acc_t<T>(p[0]);
    for (uint i = 1; i < N; i++) r = op(r, acc_t<T>(p[i]));
    return r;
}

template <typename T, enable_if_t<is_floating_point_v<T>, int> = 0>
inline T pick(T x) { return x * 2; }
template <typename T, enable_if_t<is_integral_v<T>, int> = 0>
inline T pick(T x) { return x + 100; }

inline float over(float x) { return x + 1; }
inline int over(int x) { return x + 2; }

template <typename T>
kernel void templated(device const T* in [[buffer(0)]], device float* out [[buffer(1)]],
                      uint tid [[thread_index_in_threadgroup]]) {
    threadgroup T tile[Traits<T>::width * 8];
    clear(tile, tid);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if constexpr (Traits<T>::width == 1) {
        out[0] = 1;
    } else {
        out[0] = float(tile[tid]);
    }
    out[1] = float(fold(in, Add{})) + pick(3) + pick(3.0f) + over(1) + over(1.0f) + over('a');
    auto twice = [&](auto x) { return x + x + tid; };
    out[2] = twice(2.5f);
}

template [[host_name("templated_half")]] kernel void templated<half>(
    device const half*, device float*, uint);
template [[host_name("templated_float")]] kernel void templated<float>(
    device const float*, device float*, uint);

template <typename T>
kernel void never(device T* out [[buffer(0)]]) { out[0] = 0; }
