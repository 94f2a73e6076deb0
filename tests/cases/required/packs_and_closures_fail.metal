// unbarrier: --threadgroup 64
// The twin reads the neighbour: closures of distinct types passed through one dispatcher, folds over packs, and a class template argument left to its default.
#include <metal_stdlib>
using namespace metal;

template <int V> struct num {
    static constant constexpr int value = V;
};
template <typename T, int N, typename S = num<N + 1>> struct tile {
    T v[N];
    thread T& at(int i) { return v[i]; }
};
template <typename T, int N> void add(thread tile<T, N>& a, thread tile<T, N>& b) {
    for (int i = 0; i < N; ++i) {
        a.at(i) += b.at(i);
    }
}
template <int... Is, typename F> void each(F f) { (f(num<Is>{}), ...); }
template <typename... Ts> int sum(Ts... xs) { return (0 + ... + xs); }
template <typename F> void pick(bool c, F f) {
    if (c) {
        f(num<1>{});
    } else {
        f(num<2>{});
    }
}

kernel void k(device float* out [[buffer(0)]], constant bool& p [[buffer(1)]], constant bool& q [[buffer(2)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[192];
    tile<float, 2> a, b;
    a.at(0) = 1.0f;
    b.at(0) = 2.0f;
    add(a, b);
    pick(p, [&](auto x) {
        pick(q, [&](auto y) {
            each<0, 1>([&](auto i) { buf[tid + decltype(i)::value * 64] = a.at(0) + float(sum(1, 2, x.value) + y.value); });
        });
    });
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[tid] + buf[tid + 65];
}
