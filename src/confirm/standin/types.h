// Types of the Metal standard library, for Clang as C++17: address-space words, half, bfloat, vectors, matrices, packed vectors.
//
// Everything is inlined and carries no debug information, so that an access to memory is attributed to the line of the kernel that makes it. Nothing is
// included: kernels declare names (`abs`, `y0`, `signal`) that the C library has too.
#pragma once
#pragma clang system_header

#define UB __attribute__((always_inline, nodebug)) inline

#define device
#define threadgroup
#define constant const
#define thread
#define kernel
#define vertex
#define fragment
#define visible
#define ray_data
#define object_data
#ifndef METAL_FUNC
#define METAL_FUNC inline __attribute__((always_inline))
#endif

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef long int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef unsigned long uint64_t;
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef unsigned long uintptr_t;
typedef long intptr_t;
#ifdef __FLT16_MANT_DIG__
typedef _Float16 half;
#else
typedef __fp16 half;  // with native arithmetic: -fnative-half-type -fallow-half-arguments-and-returns
#endif

namespace ub {
template <class A, class B> struct same { static constexpr bool v = false; };
template <class A> struct same<A, A> { static constexpr bool v = true; };
template <bool B, class T = void> struct when {};
template <class T> struct when<true, T> { typedef T type; };
template <bool C, class A, class B> struct pick { typedef A type; };
template <class A, class B> struct pick<false, A, B> { typedef B type; };
template <class T> struct bare { typedef T type; };
template <class T> struct bare<const T> { typedef T type; };
template <class T> struct bare<volatile T> { typedef T type; };
template <class T> struct bare<const volatile T> { typedef T type; };
template <class T> struct bare<T&> : bare<T> {};
template <class T> struct number { static constexpr bool v = false, real = false; };
#define UB_NUMBER(T, R) template <> struct number<T> { static constexpr bool v = true, real = R; };
UB_NUMBER(bool, false) UB_NUMBER(char, false) UB_NUMBER(signed char, false) UB_NUMBER(uchar, false) UB_NUMBER(short, false)
UB_NUMBER(ushort, false) UB_NUMBER(int, false) UB_NUMBER(uint, false) UB_NUMBER(long, false) UB_NUMBER(ulong, false)
UB_NUMBER(long long, false) UB_NUMBER(unsigned long long, false)
UB_NUMBER(half, true) UB_NUMBER(float, true) UB_NUMBER(double, true)
}  // namespace ub

// bfloat: 16 bits, arithmetic in float, rounded to nearest even.
struct bfloat {
    uint16_t bits;
    bfloat() = default;
    template <class T, class = typename ub::when<ub::number<T>::v>::type> UB constexpr bfloat(T v) : bits(round((float)v)) {}
    UB constexpr operator float() const { return __builtin_bit_cast(float, (uint)bits << 16); }
    static UB constexpr uint16_t round(float v) {
        uint u = __builtin_bit_cast(uint, v);
        return v != v ? (uint16_t)((u >> 16) | 0x40) : (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
    }
    template <class T> UB bfloat& operator+=(const T& v) { return *this = bfloat((float)*this + (float)v); }
    template <class T> UB bfloat& operator-=(const T& v) { return *this = bfloat((float)*this - (float)v); }
    template <class T> UB bfloat& operator*=(const T& v) { return *this = bfloat((float)*this * (float)v); }
    template <class T> UB bfloat& operator/=(const T& v) { return *this = bfloat((float)*this / (float)v); }
};
namespace ub {
template <> struct number<bfloat> { static constexpr bool v = true, real = true; };
// What a bfloat and another number give: bfloat with bfloat and integers, else the other.
template <class A, class B> struct brain {};
template <> struct brain<bfloat, bfloat> { typedef bfloat type; };
template <class B> struct brain<bfloat, B> : when<number<B>::v, typename pick<number<B>::real, typename pick<same<B, half>::v, float, B>::type, bfloat>::type> {};
template <class A> struct brain<A, bfloat> : brain<bfloat, A> {};
}  // namespace ub
#define UB_BRAIN(op) \
    template <class A, class B, class R = typename ub::brain<A, B>::type> UB constexpr R operator op(A a, B b) { return R((float)a op (float)b); }
UB_BRAIN(+) UB_BRAIN(-) UB_BRAIN(*) UB_BRAIN(/)
#undef UB_BRAIN
#define UB_BRAIN(op) \
    template <class A, class B, class = typename ub::brain<A, B>::type> UB constexpr bool operator op(A a, B b) { return (float)a op (float)b; }
UB_BRAIN(<) UB_BRAIN(>) UB_BRAIN(<=) UB_BRAIN(>=) UB_BRAIN(==) UB_BRAIN(!=)
#undef UB_BRAIN
UB constexpr bfloat operator-(bfloat a) { return bfloat(-(float)a); }

UB constexpr half operator""h(long double v) { return (half)(float)v; }

namespace metal {
using ::bfloat; using ::half; using ::int16_t; using ::int32_t; using ::int64_t; using ::int8_t; using ::ptrdiff_t; using ::size_t;
using ::uchar; using ::uint; using ::uint16_t; using ::uint32_t; using ::uint64_t; using ::uint8_t; using ::ulong; using ::ushort;
template <class T, unsigned N> struct vec;
}  // namespace metal

namespace ub {
using metal::vec;

// A swizzle: some components of a vector of n, in some order. It lies over the vector and takes no memory of its own. A swizzle of a swizzle
// (`v.zw.x`) is not there.
template <class T, unsigned n, unsigned... I> struct swizzle {
    T d[n];
    static constexpr unsigned N = sizeof...(I);
    static UB unsigned index(unsigned i) { constexpr unsigned at[] = {I...}; return at[i]; }
    UB operator vec<T, N>() const { vec<T, N> r; for (unsigned i = 0; i < N; ++i) r.d[i] = d[index(i)]; return r; }
    UB T operator[](unsigned i) const { return d[index(i)]; }
    UB void put(const vec<T, N>& v) { for (unsigned i = 0; i < N; ++i) d[index(i)] = v.d[i]; }
    UB swizzle& operator=(const swizzle& o) { put(vec<T, N>(o)); return *this; }
    template <class U> UB swizzle& operator=(const U& o) { put(vec<T, N>(o)); return *this; }
};

// What has components: T, how many, and the i-th as another type.
template <class A> struct shape { static constexpr bool v = false; static constexpr unsigned n = 1; typedef A T; };
template <class E, unsigned N> struct shape<vec<E, N>> { static constexpr bool v = true; static constexpr unsigned n = N; typedef E T; };
template <class E, unsigned m, unsigned... I> struct shape<swizzle<E, m, I...>> { static constexpr bool v = true; static constexpr unsigned n = sizeof...(I); typedef E T; };
template <class A> struct shape<const A> : shape<A> {};
template <class A, bool = shape<A>::v> struct get { template <class R> static UB constexpr R at(const A& a, unsigned) { return (R)a; } };
template <class A> struct get<A, true> { template <class R> static UB constexpr R at(const A& a, unsigned i) { return (R)a[i]; } };

// The vector type of `A op B`, where one of them has components and the other has as many or is a number.
template <class A, class B, bool = shape<A>::v, bool = shape<B>::v> struct both {};
template <class A, class B> struct both<A, B, true, true> : when<shape<A>::n == shape<B>::n, typename shape<A>::T> { static constexpr unsigned n = shape<A>::n; };
template <class A, class B> struct both<A, B, true, false> : when<number<B>::v || __is_enum(B), typename shape<A>::T> { static constexpr unsigned n = shape<A>::n; };
template <class A, class B> struct both<A, B, false, true> : when<number<A>::v || __is_enum(A), typename shape<B>::T> { static constexpr unsigned n = shape<B>::n; };
template <class... A> struct count { static constexpr unsigned v = 0; };
template <class A, class... R> struct count<A, R...> { static constexpr unsigned v = shape<A>::n + count<R...>::v; };
}  // namespace ub

namespace metal {
#define UB_S(n, name, ...) ub::swizzle<T, n, __VA_ARGS__> name;
#define UB_VEC_BODY(COUNT)                                                                                                   \
    typedef T element_type;                                                                                              \
    vec() = default;                                                                                                     \
    vec(const vec&) = default;                                                                                           \
    UB constexpr vec(T s) : d{} { for (unsigned i = 0; i < COUNT; ++i) d[i] = s; }                                           \
    template <class U, class = typename ub::when<!ub::same<U, T>::v>::type> UB explicit constexpr vec(const vec<U, COUNT>& o) : d{} { for (unsigned i = 0; i < COUNT; ++i) d[i] = (T)o.d[i]; } \
    template <class U, unsigned m, unsigned... I, class = typename ub::when<sizeof...(I) == COUNT && !ub::same<U, T>::v>::type> UB explicit constexpr vec(const ub::swizzle<U, m, I...>& o) : d{} { for (unsigned i = 0; i < COUNT; ++i) d[i] = (T)o[i]; } \
    template <class A, class B, class... R, class = typename ub::when<ub::count<A, B, R...>::v == COUNT>::type> UB constexpr vec(const A& a, const B& b, const R&... r) : d{} { unsigned k = 0; add(k, a); add(k, b); (add(k, r), ...); } \
    template <class A> UB constexpr void add(unsigned& k, const A& a) { for (unsigned i = 0; i < ub::shape<A>::n; ++i) d[k++] = ub::get<A>::template at<T>(a, i); } \
    UB vec& operator=(const vec& o) { __builtin_memcpy(d, o.d, sizeof d); return *this; }                                \
    UB constexpr T& operator[](unsigned i) { return d[i]; }                                                              \
    UB constexpr const T& operator[](unsigned i) const { return d[i]; }

#include "ub_swizzles.h"

#define UB_BINARY(op)                                                                                                    \
    template <class A, class B, class T = typename ub::both<A, B>::type> UB vec<T, ub::both<A, B>::n> operator op(const A& a, const B& b) { \
        vec<T, ub::both<A, B>::n> r;                                                                                     \
        for (unsigned i = 0; i < ub::both<A, B>::n; ++i) r.d[i] = (T)(ub::get<A>::template at<T>(a, i) op ub::get<B>::template at<T>(b, i)); \
        return r;                                                                                                        \
    }                                                                                                                    \
    template <class A, class B, class T = typename ub::when<ub::shape<A>::v, typename ub::both<A, B>::type>::type> UB A& operator op##=(A& a, const B& b) { \
        a = a op b;                                                                                                      \
        return a;                                                                                                        \
    }
UB_BINARY(+) UB_BINARY(-) UB_BINARY(*) UB_BINARY(/) UB_BINARY(%) UB_BINARY(&) UB_BINARY(|) UB_BINARY(^)
#undef UB_BINARY
#define UB_SHIFT(op)                                                                                                     \
    template <class A, class B, class T = typename ub::both<A, B>::type> UB vec<T, ub::both<A, B>::n> operator op(const A& a, const B& b) { \
        vec<T, ub::both<A, B>::n> r;                                                                                     \
        for (unsigned i = 0; i < ub::both<A, B>::n; ++i) r.d[i] = (T)(ub::get<A>::template at<T>(a, i) op ((unsigned)ub::get<B>::template at<T>(b, i) % (8 * sizeof(T)))); \
        return r;                                                                                                        \
    }                                                                                                                    \
    template <class A, class B, class T = typename ub::when<ub::shape<A>::v, typename ub::both<A, B>::type>::type> UB A& operator op##=(A& a, const B& b) { a = a op b; return a; }
UB_SHIFT(<<) UB_SHIFT(>>)
#undef UB_SHIFT
#define UB_COMPARE(op)                                                                                                   \
    template <class A, class B, class T = typename ub::both<A, B>::type> UB vec<bool, ub::both<A, B>::n> operator op(const A& a, const B& b) { \
        vec<bool, ub::both<A, B>::n> r;                                                                                  \
        for (unsigned i = 0; i < ub::both<A, B>::n; ++i) r.d[i] = ub::get<A>::template at<T>(a, i) op ub::get<B>::template at<T>(b, i); \
        return r;                                                                                                        \
    }
UB_COMPARE(==) UB_COMPARE(!=) UB_COMPARE(<) UB_COMPARE(>) UB_COMPARE(<=) UB_COMPARE(>=) UB_COMPARE(&&) UB_COMPARE(||)
#undef UB_COMPARE
#define UB_UNARY(op, U)                                                                                                  \
    template <class A, class T = typename ub::when<ub::shape<A>::v, typename ub::shape<A>::T>::type> UB vec<U, ub::shape<A>::n> operator op(const A& a) { \
        vec<U, ub::shape<A>::n> r;                                                                                       \
        for (unsigned i = 0; i < ub::shape<A>::n; ++i) r.d[i] = (U)(op ub::get<A>::template at<T>(a, i));                \
        return r;                                                                                                        \
    }
UB_UNARY(-, T) UB_UNARY(+, T) UB_UNARY(~, T) UB_UNARY(!, bool)
#undef UB_UNARY
template <class T, unsigned N> UB vec<T, N>& operator++(vec<T, N>& a) { return a += T(1); }
template <class T, unsigned N> UB vec<T, N>& operator--(vec<T, N>& a) { return a -= T(1); }

// Vectors with the alignment of their components.
template <class T, unsigned N> struct packed_vec {
    T d[N];
    packed_vec() = default;
    UB packed_vec(const vec<T, N>& v) { for (unsigned i = 0; i < N; ++i) d[i] = v.d[i]; }
    template <class A, class B, class... R> UB packed_vec(const A& a, const B& b, const R&... r) : packed_vec(vec<T, N>(a, b, r...)) {}
    UB operator vec<T, N>() const { vec<T, N> r; for (unsigned i = 0; i < N; ++i) r.d[i] = d[i]; return r; }
    UB T& operator[](unsigned i) { return d[i]; }
    UB const T& operator[](unsigned i) const { return d[i]; }
};
}  // namespace metal
namespace ub {
template <class E, unsigned N> struct shape<metal::packed_vec<E, N>> { static constexpr bool v = true; static constexpr unsigned n = N; typedef E T; };
}
namespace metal {
#define UB_NAMES(T, name) \
    typedef vec<T, 2> name##2; typedef vec<T, 3> name##3; typedef vec<T, 4> name##4; \
    typedef packed_vec<T, 2> packed_##name##2; typedef packed_vec<T, 3> packed_##name##3; typedef packed_vec<T, 4> packed_##name##4;
UB_NAMES(bool, bool) UB_NAMES(char, char) UB_NAMES(uchar, uchar) UB_NAMES(short, short) UB_NAMES(ushort, ushort) UB_NAMES(int, int)
UB_NAMES(uint, uint) UB_NAMES(long, long) UB_NAMES(ulong, ulong) UB_NAMES(half, half) UB_NAMES(bfloat, bfloat) UB_NAMES(float, float)
#undef UB_NAMES

// Matrices by columns.
template <class T, unsigned C, unsigned R> struct matrix {
    vec<T, R> columns[C];
    matrix() = default;
    UB explicit matrix(T s) { for (unsigned c = 0; c < C; ++c) for (unsigned r = 0; r < R; ++r) columns[c].d[r] = c == r ? s : T(0); }
    template <class... A, class = typename ub::when<sizeof...(A) == C && (C > 1) && (ub::count<A...>::v == C * R)>::type> UB matrix(const A&... a) { unsigned k = 0; ((columns[k++] = vec<T, R>(a)), ...); }
    UB vec<T, R>& operator[](unsigned i) { return columns[i]; }
    UB const vec<T, R>& operator[](unsigned i) const { return columns[i]; }
};
template <class T, unsigned C, unsigned R> UB vec<T, R> operator*(const matrix<T, C, R>& m, const vec<T, C>& v) { vec<T, R> r = m.columns[0] * v.d[0]; for (unsigned c = 1; c < C; ++c) r += m.columns[c] * v.d[c]; return r; }
template <class T, unsigned C, unsigned R> UB vec<T, C> operator*(const vec<T, R>& v, const matrix<T, C, R>& m) { vec<T, C> r; for (unsigned c = 0; c < C; ++c) { T s = T(0); for (unsigned i = 0; i < R; ++i) s += v.d[i] * m.columns[c].d[i]; r.d[c] = s; } return r; }
template <class T, unsigned C, unsigned R, unsigned K> UB matrix<T, K, R> operator*(const matrix<T, C, R>& a, const matrix<T, K, C>& b) { matrix<T, K, R> r; for (unsigned k = 0; k < K; ++k) r.columns[k] = a * b.columns[k]; return r; }
template <class T, unsigned C, unsigned R> UB matrix<T, C, R> operator*(const matrix<T, C, R>& m, T s) { matrix<T, C, R> r; for (unsigned c = 0; c < C; ++c) r.columns[c] = m.columns[c] * s; return r; }
template <class T, unsigned C, unsigned R> UB matrix<T, C, R> operator*(T s, const matrix<T, C, R>& m) { return m * s; }
template <class T, unsigned C, unsigned R> UB matrix<T, C, R> operator+(const matrix<T, C, R>& a, const matrix<T, C, R>& b) { matrix<T, C, R> r; for (unsigned c = 0; c < C; ++c) r.columns[c] = a.columns[c] + b.columns[c]; return r; }
template <class T, unsigned C, unsigned R> UB matrix<T, C, R> operator-(const matrix<T, C, R>& a, const matrix<T, C, R>& b) { matrix<T, C, R> r; for (unsigned c = 0; c < C; ++c) r.columns[c] = a.columns[c] - b.columns[c]; return r; }
#define UB_MATRIX(c, r) typedef matrix<float, c, r> float##c##x##r; typedef matrix<half, c, r> half##c##x##r;
UB_MATRIX(2, 2) UB_MATRIX(2, 3) UB_MATRIX(2, 4) UB_MATRIX(3, 2) UB_MATRIX(3, 3) UB_MATRIX(3, 4) UB_MATRIX(4, 2) UB_MATRIX(4, 3) UB_MATRIX(4, 4)
#undef UB_MATRIX
}  // namespace metal
