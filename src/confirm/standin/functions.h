// Functions of the Metal standard library on numbers and vectors: common, integer, relational, math, geometric, conversions.
#pragma once
#pragma clang system_header
#include "ub_types.h"

#define INFINITY __builtin_inff()
#define HUGE_VALF __builtin_inff()
#define NAN __builtin_nanf("")
#define MAXFLOAT 3.402823466e+38f
#define FLT_MAX 3.402823466e+38f
#define FLT_MIN 1.175494351e-38f
#define FLT_EPSILON 1.192092896e-07f
#define HALF_MAX ((half)65504.0f)
#define MAXHALF ((half)65504.0f)
#define HALF_MIN ((half)6.103515625e-05f)
#define HALF_EPSILON ((half)0.0009765625f)
#define M_PI_F 3.14159265358979323846f
#define M_PI_2_F 1.57079632679489661923f
#define M_PI_4_F 0.78539816339744830962f
#define M_1_PI_F 0.31830988618379067154f
#define M_2_PI_F 0.63661977236758134308f
#define M_2_SQRTPI_F 1.12837916709551257390f
#define M_E_F 2.71828182845904523536f
#define M_LOG2E_F 1.44269504088896340736f
#define M_LOG10E_F 0.43429448190325182765f
#define M_LN2_F 0.69314718055994530942f
#define M_LN10_F 2.30258509299404568402f
#define M_SQRT2_F 1.41421356237309504880f
#define M_SQRT1_2_F 0.70710678118654752440f
#define M_PI_H ((half)M_PI_F)
#define M_LOG2E_H ((half)M_LOG2E_F)
#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)
#define UINT_MAX 4294967295u
#define SHRT_MAX 32767
#define SHRT_MIN (-32768)
#define USHRT_MAX 65535
#define CHAR_MAX 127
#define CHAR_MIN (-128)
#define UCHAR_MAX 255
#define CHAR_BIT 8
#define LONG_MAX 9223372036854775807l
#define ULONG_MAX 18446744073709551615ul
#define assert(x) ((void)0)

namespace ub {
// The type of two numbers together: theirs when it is one type (no promotion of small integers), else what arithmetic gives.
template <class A, class B, bool = number<A>::v && number<B>::v> struct common { typedef void type; };
template <class A, class B> struct common<A, B, true> { typedef decltype(A() + B()) type; };
template <class A> struct common<A, A, true> { typedef A type; };
template <class T> struct real { static constexpr bool v = number<T>::real; };
}  // namespace ub

namespace metal {
// One argument. Scalars of the real types, and vectors of them component by component.
#define UB_EACH1(name)                                                                                                    \
    template <class A, class T = typename ub::when<ub::shape<A>::v, typename ub::shape<A>::T>::type> UB auto name(const A& a) { \
        vec<typename ub::bare<decltype(name(T()))>::type, ub::shape<A>::n> r;                                             \
        for (unsigned i = 0; i < ub::shape<A>::n; ++i) r.d[i] = name(ub::get<A>::template at<T>(a, i));                   \
        return r;                                                                                                         \
    }
#define UB_REAL1(name, of)                                                                                                \
    template <class T, class = typename ub::when<ub::number<T>::v>::type> UB typename ub::pick<ub::number<T>::real, T, float>::type name(T v) { const float x = (float)v; (void)x; return (typename ub::pick<ub::number<T>::real, T, float>::type)(of); } \
    UB_EACH1(name)
UB_REAL1(exp, __builtin_expf(x)) UB_REAL1(exp2, __builtin_exp2f(x)) UB_REAL1(exp10, __builtin_powf(10.0f, x)) UB_REAL1(log, __builtin_logf(x))
UB_REAL1(log2, __builtin_log2f(x)) UB_REAL1(log10, __builtin_log10f(x)) UB_REAL1(sqrt, __builtin_sqrtf(x)) UB_REAL1(rsqrt, 1.0f / __builtin_sqrtf(x))
UB_REAL1(sin, __builtin_sinf(x)) UB_REAL1(cos, __builtin_cosf(x)) UB_REAL1(tan, __builtin_tanf(x)) UB_REAL1(asin, __builtin_asinf(x))
UB_REAL1(acos, __builtin_acosf(x)) UB_REAL1(atan, __builtin_atanf(x)) UB_REAL1(sinh, __builtin_sinhf(x)) UB_REAL1(cosh, __builtin_coshf(x))
UB_REAL1(tanh, __builtin_tanhf(x)) UB_REAL1(asinh, __builtin_asinhf(x)) UB_REAL1(acosh, __builtin_acoshf(x)) UB_REAL1(atanh, __builtin_atanhf(x))
UB_REAL1(sinpi, __builtin_sinf(x * M_PI_F)) UB_REAL1(cospi, __builtin_cosf(x * M_PI_F)) UB_REAL1(tanpi, __builtin_tanf(x * M_PI_F))
UB_REAL1(floor, __builtin_floorf(x)) UB_REAL1(ceil, __builtin_ceilf(x)) UB_REAL1(trunc, __builtin_truncf(x)) UB_REAL1(round, __builtin_roundf(x))
UB_REAL1(rint, __builtin_rintf(x)) UB_REAL1(fract, __builtin_fminf(x - __builtin_floorf(x), 0x1.fffffep-1f)) UB_REAL1(fabs, __builtin_fabsf(x))
UB_REAL1(saturate, __builtin_fminf(__builtin_fmaxf(x, 0.0f), 1.0f)) UB_REAL1(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x)
UB_REAL1(degrees, x * (180.0f / M_PI_F)) UB_REAL1(radians, x * (M_PI_F / 180.0f))
#define UB_BOOL1(name, of) template <class T, class = typename ub::when<ub::number<T>::real>::type> UB bool name(T v) { const float x = (float)v; return of; } UB_EACH1(name)
UB_BOOL1(isnan, x != x) UB_BOOL1(isinf, __builtin_isinf(x)) UB_BOOL1(isfinite, __builtin_isfinite(x)) UB_BOOL1(isnormal, __builtin_isnormal(x)) UB_BOOL1(signbit, __builtin_signbitf(x))

#define UB_INT1(name, of) template <class T, class = typename ub::when<ub::number<T>::v && !ub::number<T>::real>::type> UB T name(T x) { constexpr unsigned W = 8 * sizeof(T); const unsigned long u = (unsigned long)x & (~0ul >> (64 - W)); (void)W; return (T)(of); } UB_EACH1(name)
UB_INT1(popcount, __builtin_popcountl(u)) UB_INT1(clz, u ? __builtin_clzl(u) - (64 - (int)W) : (int)W) UB_INT1(ctz, u ? __builtin_ctzl(u) : (int)W)
UB_INT1(reverse_bits, __builtin_bitreverse64(u) >> (64 - W))
template <class T, class = typename ub::when<ub::number<T>::v>::type> UB constexpr auto abs(T x) -> typename ub::pick<true, T, T>::type { return x < T(0) ? (T)(-x) : x; }
UB_EACH1(abs)

// Two arguments; where one is a vector, so is the result.
#define UB_EACH2(name)                                                                                                    \
    template <class A, class B, class T = typename ub::both<A, B>::type> UB auto name(const A& a, const B& b) {           \
        vec<typename ub::bare<decltype(name(T(), T()))>::type, ub::both<A, B>::n> r;                                      \
        for (unsigned i = 0; i < ub::both<A, B>::n; ++i) r.d[i] = name(ub::get<A>::template at<T>(a, i), ub::get<B>::template at<T>(b, i)); \
        return r;                                                                                                         \
    }
#define UB_ANY2(name, of) \
    template <class A, class B, class R = typename ub::when<ub::number<A>::v && ub::number<B>::v, typename ub::common<A, B>::type>::type> UB constexpr R name(A x_, B y_) { const R x = (R)x_, y = (R)y_; return (R)(of); } UB_EACH2(name)
#define UB_REAL2(name, of) \
    template <class A, class B, class R = typename ub::when<ub::number<A>::v && ub::number<B>::v, typename ub::common<A, B>::type>::type> UB R name(A x_, B y_) { const float x = (float)x_, y = (float)y_; return (R)(of); } UB_EACH2(name)
UB_ANY2(min, x != x ? y : y < x ? y : x) UB_ANY2(max, x != x ? y : x < y ? y : x)
UB_REAL2(fmin, __builtin_fminf(x, y)) UB_REAL2(fmax, __builtin_fmaxf(x, y)) UB_REAL2(pow, __builtin_powf(x, y)) UB_REAL2(powr, __builtin_powf(x, y))
UB_REAL2(fmod, __builtin_fmodf(x, y)) UB_REAL2(atan2, __builtin_atan2f(x, y)) UB_REAL2(step, y < x ? 0.0f : 1.0f) UB_REAL2(copysign, __builtin_copysignf(x, y))
UB_REAL2(fdim, __builtin_fdimf(x, y)) UB_REAL2(divide, x / y) UB_REAL2(nextafter, __builtin_nextafterf(x, y))
#define UB_WIDE(T) __typeof__(ub::wide(T()))
}  // namespace metal
namespace ub {
UB long wide(int) { return 0; } UB long wide(short) { return 0; } UB long wide(signed char) { return 0; } UB long wide(char) { return 0; }
UB unsigned long wide(uint) { return 0; } UB unsigned long wide(ushort) { return 0; } UB unsigned long wide(uchar) { return 0; }
UB __int128 wide(long) { return 0; } UB unsigned __int128 wide(ulong) { return 0; }
template <class T> struct limits {
    static constexpr bool is_signed = T(-1) < T(0);
    static UB constexpr T high() { return is_signed ? (T)(~0ul >> (65 - 8 * sizeof(T))) : (T)~0ul; }
    static UB constexpr T low() { return is_signed ? (T)(-high() - 1) : T(0); }
};
}  // namespace ub
namespace metal {
#define UB_INT2(name, of) template <class T, class = typename ub::when<ub::number<T>::v && !ub::number<T>::real>::type> UB T name(T x, T y) { typedef UB_WIDE(T) W; const W a = (W)x, b = (W)y; (void)a; (void)b; return (T)(of); } UB_EACH2(name)
UB_INT2(mulhi, (a * b) >> (8 * sizeof(T))) UB_INT2(absdiff, a > b ? a - b : b - a) UB_INT2(hadd, (a + b) >> 1) UB_INT2(rhadd, (a + b + 1) >> 1)
UB_INT2(addsat, a + b > (W)ub::limits<T>::high() ? (W)ub::limits<T>::high() : a + b < (W)ub::limits<T>::low() ? (W)ub::limits<T>::low() : a + b)
UB_INT2(subsat, ub::limits<T>::is_signed ? (a - b > (W)ub::limits<T>::high() ? (W)ub::limits<T>::high() : a - b < (W)ub::limits<T>::low() ? (W)ub::limits<T>::low() : a - b) : (a < b ? (W)0 : a - b))
UB_INT2(rotate, (T)(((unsigned long)a << ((unsigned)y % (8 * sizeof(T)))) | (((unsigned long)a & (~0ul >> (64 - 8 * sizeof(T)))) >> ((8 * sizeof(T) - (unsigned)y % (8 * sizeof(T))) % (8 * sizeof(T))))))
UB int mul24(int a, int b) { return (int)((uint)a * (uint)b); }
UB uint mul24(uint a, uint b) { return a * b; }
UB int mad24(int a, int b, int c) { return (int)((uint)a * (uint)b + (uint)c); }
UB uint mad24(uint a, uint b, uint c) { return a * b + c; }
template <class T> UB T madhi(T a, T b, T c) { return mulhi(a, b) + c; }
template <class T> UB T extract_bits(T x, uint offset, uint bits) { constexpr uint W = 8 * sizeof(T); return bits == 0 ? T(0) : (T)((T)((T)x << (W - offset - bits)) >> (W - bits)); }
template <class T> UB T insert_bits(T base, T insert, uint offset, uint bits) { const ulong m = bits >= 64 ? ~0ul : ((1ul << bits) - 1) << offset; return (T)(((ulong)base & ~m) | (((ulong)insert << offset) & m)); }

// Three arguments.
#define UB_EACH3(name)                                                                                                    \
    template <class A, class B, class C, class T = typename ub::shape<decltype(A() + B() + C())>::T, unsigned N = ub::shape<decltype(A() + B() + C())>::n, class = typename ub::when<ub::shape<A>::v || ub::shape<B>::v || ub::shape<C>::v>::type> UB vec<T, N> name(const A& a, const B& b, const C& c) { \
        vec<T, N> r;                                                                                                      \
        for (unsigned i = 0; i < N; ++i) r.d[i] = name(ub::get<A>::template at<T>(a, i), ub::get<B>::template at<T>(b, i), ub::get<C>::template at<T>(c, i)); \
        return r;                                                                                                         \
    }
#define UB_ANY3(name, of) template <class A, class B, class C, class R = typename ub::when<ub::number<A>::v && ub::number<B>::v && ub::number<C>::v, typename ub::common<typename ub::common<A, B>::type, C>::type>::type> UB R name(A x_, B y_, C z_) { const R x = (R)x_, y = (R)y_, z = (R)z_; return (R)(of); } UB_EACH3(name)
UB_ANY3(clamp, min(max(x, y), z)) UB_ANY3(min3, min(min(x, y), z)) UB_ANY3(max3, max(max(x, y), z)) UB_ANY3(median3, max(min(x, y), min(max(x, y), z)))
UB_ANY3(mix, x + (y - x) * z)
template <class A, class B, class C, class R = typename ub::when<ub::number<A>::v && ub::number<B>::v && ub::number<C>::v, typename ub::common<typename ub::common<A, B>::type, C>::type>::type> UB R smoothstep(A a, B b, C x) { const R t = clamp((R)(((R)x - (R)a) / ((R)b - (R)a)), R(0), R(1)); return t * t * (R(3) - R(2) * t); }
UB_EACH3(smoothstep)
UB float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
// Through float: the conversion from double to half is a call whose convention compilers and libraries do not agree on.
UB half fma(half a, half b, half c) { return (half)(float)__builtin_fma((double)(float)a, (double)(float)b, (double)(float)c); }
template <class A, class B, class C, class = typename ub::when<ub::number<A>::v && ub::number<B>::v && ub::number<C>::v>::type> UB auto fma(A a, B b, C c) { typedef typename ub::common<typename ub::common<A, B>::type, C>::type R; return (R)__builtin_fmaf((float)a, (float)b, (float)c); }
UB_EACH3(fma)
template <class A, class B, class C> UB auto mad(const A& a, const B& b, const C& c) { return fma(a, b, c); }
UB float ldexp(float x, int e) { return __builtin_ldexpf(x, e); }
UB half ldexp(half x, int e) { return (half)__builtin_ldexpf((float)x, e); }
UB float frexp(float x, int& e) { int t; const float r = __builtin_frexpf(x, &t); e = t; return r; }
UB float modf(float x, float& whole) { whole = __builtin_truncf(x); return x - whole; }
UB float sincos(float x, float& c) { c = __builtin_cosf(x); return __builtin_sinf(x); }
UB int ilogb(float x) { return __builtin_ilogbf(x); }

// Relational.
template <class T, class = typename ub::when<ub::number<T>::v>::type> UB T select(T a, T b, bool c) { return c ? b : a; }
template <class T, unsigned N, class C> UB vec<T, N> select(const vec<T, N>& a, const vec<T, N>& b, const vec<C, N>& c) { vec<T, N> r; for (unsigned i = 0; i < N; ++i) r.d[i] = c.d[i] ? b.d[i] : a.d[i]; return r; }
template <class T, unsigned N> UB vec<T, N> select(const vec<T, N>& a, const vec<T, N>& b, bool c) { return c ? b : a; }
UB bool all(bool a) { return a; }
UB bool any(bool a) { return a; }
template <unsigned N> UB bool all(const vec<bool, N>& a) { bool r = true; for (unsigned i = 0; i < N; ++i) r = r && a.d[i]; return r; }
template <unsigned N> UB bool any(const vec<bool, N>& a) { bool r = false; for (unsigned i = 0; i < N; ++i) r = r || a.d[i]; return r; }

// Geometric.
template <class A, class B, class T = typename ub::both<A, B>::type> UB T dot(const A& a, const B& b) { T s = T(0); for (unsigned i = 0; i < ub::both<A, B>::n; ++i) s += ub::get<A>::template at<T>(a, i) * ub::get<B>::template at<T>(b, i); return s; }
template <class T, unsigned N> UB T length_squared(const vec<T, N>& a) { return dot(a, a); }
template <class T, unsigned N> UB T length(const vec<T, N>& a) { return sqrt(dot(a, a)); }
template <class T, unsigned N> UB T distance(const vec<T, N>& a, const vec<T, N>& b) { return length(a - b); }
template <class T, unsigned N> UB T distance_squared(const vec<T, N>& a, const vec<T, N>& b) { return length_squared(a - b); }
template <class T, unsigned N> UB vec<T, N> normalize(const vec<T, N>& a) { return a * rsqrt(dot(a, a)); }
template <class T> UB vec<T, 3> cross(const vec<T, 3>& a, const vec<T, 3>& b) { return vec<T, 3>(a.d[1] * b.d[2] - a.d[2] * b.d[1], a.d[2] * b.d[0] - a.d[0] * b.d[2], a.d[0] * b.d[1] - a.d[1] * b.d[0]); }
template <class T, unsigned C, unsigned R> UB matrix<T, R, C> transpose(const matrix<T, C, R>& m) { matrix<T, R, C> t; for (unsigned c = 0; c < C; ++c) for (unsigned r = 0; r < R; ++r) t.columns[r].d[c] = m.columns[c].d[r]; return t; }

// Packing (little-endian: the first component in the low bits).
UB uint pack_float_to_unorm4x8(float4 v) { uint r = 0; for (unsigned i = 0; i < 4; ++i) r |= (uint)__builtin_rintf(saturate(v.d[i]) * 255.0f) << (8 * i); return r; }
UB float4 unpack_unorm4x8_to_float(uint v) { float4 r; for (unsigned i = 0; i < 4; ++i) r.d[i] = (float)((v >> (8 * i)) & 255) / 255.0f; return r; }
UB half4 unpack_unorm4x8_to_half(uint v) { return half4(unpack_unorm4x8_to_float(v)); }
UB float4 unpack_snorm4x8_to_float(uint v) { float4 r; for (unsigned i = 0; i < 4; ++i) r.d[i] = __builtin_fmaxf((float)(signed char)(v >> (8 * i)) / 127.0f, -1.0f); return r; }

// numeric_limits
template <class T> struct numeric_limits {
    static constexpr bool is_signed = T(-1) < T(0);
    static UB constexpr T max() { return ub::limits<T>::high(); }
    static UB constexpr T min() { return ub::limits<T>::low(); }
    static UB constexpr T lowest() { return ub::limits<T>::low(); }
};
#define UB_LIMITS(T, high, least, eps) template <> struct numeric_limits<T> { static constexpr bool is_signed = true; static UB constexpr T max() { return (T)high; } static UB constexpr T lowest() { return (T) - high; } static UB constexpr T min() { return (T)least; } static UB constexpr T epsilon() { return (T)eps; } static UB constexpr T infinity() { return (T)INFINITY; } static UB constexpr T quiet_NaN() { return (T)NAN; } };
UB_LIMITS(float, FLT_MAX, FLT_MIN, FLT_EPSILON) UB_LIMITS(half, 65504.0f, 6.103515625e-05f, 0.0009765625f) UB_LIMITS(bfloat, 3.38953139e38f, FLT_MIN, 0.0078125f)

// Names that fast:: and precise:: have, too.
namespace fast {
using metal::acos; using metal::asin; using metal::atan; using metal::atan2; using metal::ceil; using metal::clamp; using metal::cos; using metal::exp; using metal::exp10; using metal::exp2; using metal::fabs; using metal::floor; using metal::fma; using metal::fmax; using metal::fmin; using metal::fmod; using metal::fract; using metal::length; using metal::log; using metal::log10; using metal::log2; using metal::max; using metal::min; using metal::mix; using metal::normalize; using metal::pow; using metal::powr; using metal::rint; using metal::round; using metal::rsqrt; using metal::saturate; using metal::sign; using metal::sin; using metal::sqrt; using metal::tan; using metal::tanh; using metal::trunc; using metal::divide;
}
namespace precise { using namespace fast; }

// Traits.
template <class T, T v> struct integral_constant { static constexpr T value = v; typedef T value_type; typedef integral_constant type; constexpr operator T() const { return v; } constexpr T operator()() const { return v; } };
template <bool b> using bool_constant = integral_constant<bool, b>;
typedef integral_constant<bool, true> true_type;
typedef integral_constant<bool, false> false_type;
template <class A, class B> struct is_same : bool_constant<ub::same<A, B>::v> {};
template <class A, class B> constexpr bool is_same_v = ub::same<A, B>::v;
template <bool b, class T = void> struct enable_if : ub::when<b, T> {};
template <bool b, class T = void> using enable_if_t = typename ub::when<b, T>::type;
template <bool b, class A, class B> using conditional_t = typename ub::pick<b, A, B>::type;
template <bool b, class A, class B> struct conditional : ub::pick<b, A, B> {};
template <class T> struct remove_cv : ub::pick<true, ub::bare<T>, void>::type {};
template <class T> using remove_cv_t = typename ub::bare<T>::type;
template <class T> struct is_floating_point : bool_constant<ub::number<T>::real> {};
template <class T> struct is_integral : bool_constant<ub::number<T>::v && !ub::number<T>::real> {};
template <class T> struct is_arithmetic : bool_constant<ub::number<T>::v> {};
template <class T> constexpr bool is_floating_point_v = ub::number<T>::real;
template <class T> constexpr bool is_integral_v = ub::number<T>::v && !ub::number<T>::real;
template <class T> constexpr bool is_arithmetic_v = ub::number<T>::v;
template <class T> struct make_scalar { typedef typename ub::shape<T>::T type; };
template <class T> using make_scalar_t = typename make_scalar<T>::type;
}  // namespace metal

template <class T, class U> UB T as_type(const U& v) {
    static_assert(sizeof(T) == sizeof(U), "as_type between types of different sizes");
    T r;
    __builtin_memcpy(&r, &v, sizeof r);
    return r;
}
// A swizzle lies over its vector: its components first have to be put in order.
template <class T, class E, unsigned n, unsigned... I> UB T as_type(const ub::swizzle<E, n, I...>& v) {
    return as_type<T>(metal::vec<E, sizeof...(I)>(v));
}
namespace metal { using ::as_type; }
// A value that is the same in all threads (MSL 2.20); nothing here depends on that.
namespace metal {
template <class T> using uniform = T;
template <class T> UB T make_uniform(T v) { return v; }
}
