// Template lists and comparisons.
#include <metal_stdlib>
using namespace metal;
template <typename T, int N = 4, bool B = (N > 2)> struct Tile { T v[N]; static constant constexpr int size = N; };
template <int N> int pick(int x) { return x + N; }
template <typename T> using Pair = vec<T, 2>;
template <typename T> constexpr constant bool is_small = sizeof(T) < 4;
bool compare(int a, int b, int c, int d, int n, int x, int y) {
    bool r = a < b && c > d;
    r = a < b || c > (d);
    r = (a < b) > c;
    for (int i = 0; i < n; x > (y)) { i++; }
    r = a < b, c > d;
    r = compare(a < b, c > (d), 0, 0, 0, 0, 0);
    r = min(a, b) < max(c, d);
    r = a<b;
    r = a >> b > c;
    if (x < numeric_limits<int>::max() && y > 0) return r;
    return n < 3 ? x > 2 : y < 1;
}
int lists() {
    Tile<Pair<float>, 2> t;
    Tile<vec<vec<float, 2>, 2>> deep;
    array<array<int, 3>, 2> a = {};
    vec<float, 4> v = vec<float, 4>(0);
    int k = pick<3>(1) + pick<(3 > 2)>(2) + pick<2 + 1>(3) + Tile<float>::size;
    matrix<float, 4, 4> m = matrix<float, 4, 4>(1.0);
    simdgroup_matrix<float, 8, 8> acc = make_filled_simdgroup_matrix<float, 8, 8>(0);
    if (is_same_v<float, half> && is_small<half>) k += min<int>(1, 2);
    conditional_t<(sizeof(int) > 4), int, long> z = 0;
    enable_if_t<is_same_v<int, int> && true, int> e = 0;
    Unknown<float, 4> u(1);
    other::Loader<half, 32, BK, 1>::type w = helper<half, 8>(k);
    auto q = t.template get<2>(k), s = deep.get<float>(0);
    bool odd = k < 3 > (z), fine = pick<1>(2) > 3;
    return z >> 1 >> 2;
}
