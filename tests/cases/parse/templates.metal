// Templates, specialisations and instantiations.
#include <metal_stdlib>
using namespace metal;
template <typename T, typename U = T, int N = 4, typename... Rest> struct Box;
template <typename T> struct Box<T, float> { T x; };
template <> struct Box<int, int, 1> { int x; };
template <typename T, T (*Op)(T, T), int N> T apply(thread const T (&xs)[N]) {
    T r = xs[0];
    for (int i = 1; i < N; i++) r = Op(r, xs[i]);
    return r;
}
template <template <typename, int> class C, class T> C<T, 4> wrap(T x) { return C<T, 4>(x); }
template <typename T, typename = enable_if_t<is_same_v<T, float>>> T only_float(T x) { return x; }
template <typename... Ts> int count(Ts... xs) { return sizeof...(Ts) + (xs + ...) + (0 + ... + xs); }
template <typename... Ts> void forward_all(Ts &&...xs) { count(xs...); Box<Ts...> b; }
template <class T> struct Outer {
    template <class U> struct Inner { U u; };
    template <class U> U get(U u) const { return u; }
    typename T::value_type member;
    using self = Outer<T>;
};
template <class T> template <class U> U Outer<T>::get(U u) const { return u; }
template <> int only_float<int, void>(int x);
template <typename T, int W> kernel void copy(device T *d [[buffer(0)]], const device T *s [[buffer(1)]],
                                              uint i [[thread_position_in_grid]]) { d[i * W] = s[i]; }
template [[host_name("copy_f32")]] kernel void copy<float, 4>(device float *, const device float *, uint);
template [[host_name("copy_f16")]] [[kernel]] void copy<half, 4>(device half *d [[buffer(0)]], const device half *s [[buffer(1)]], uint i [[thread_position_in_grid]]);
typedef decltype(copy<float, 1>) copy_t;
template [[host_name("copy_f32_1")]] [[kernel]] decltype(copy<float, 1>) copy<float, 1>;
template [[host_name("copy_i")]] kernel copy_t copy<int, 2>;
template struct Outer<Box<int, int, 1>>;
template <typename T> constant T zero = T(0);
template <int... Is> struct Seq {};
template <> constexpr constant int zero<int> = 0;
