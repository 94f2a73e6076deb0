// What threads do together: barriers, lane exchange, simdgroup matrices, atomics.
#pragma once
#pragma clang system_header
#include "ub_functions.h"
#include "ub_runtime.h"

namespace metal {
enum class mem_flags : uint { mem_none = 0, mem_device = 1, mem_threadgroup = 2, mem_texture = 4, mem_threadgroup_imageblock = 8, mem_object_data = 16 };
UB constexpr mem_flags operator|(mem_flags a, mem_flags b) { return (mem_flags)((uint)a | (uint)b); }
UB constexpr mem_flags operator&(mem_flags a, mem_flags b) { return (mem_flags)((uint)a & (uint)b); }
enum memory_order { memory_order_relaxed = 0 };
enum thread_scope { thread_scope_thread, thread_scope_simdgroup, thread_scope_threadgroup, thread_scope_device };
UB void threadgroup_barrier(mem_flags f, unsigned line = __builtin_LINE(), unsigned column = __builtin_COLUMN(), const char* file = __builtin_FILE()) { ub_barrier(0, (unsigned)f, line, column, file); }
UB void simdgroup_barrier(mem_flags f, unsigned line = __builtin_LINE(), unsigned column = __builtin_COLUMN(), const char* file = __builtin_FILE()) { ub_barrier(1, (unsigned)f, line, column, file); }
UB void atomic_thread_fence(mem_flags, memory_order, thread_scope = thread_scope_device) {}
}  // namespace metal

namespace ub {
#ifndef UB_OWN_LANES  // another machine may have its own (tests/gpu)
template <class T> struct lanes {
    const T* all;
    unsigned long active;
    unsigned me;
    UB lanes(const T& v) : me(ub_lane()) { all = (const T*)ub_exchange(&v, sizeof v, &active); }
    UB bool has(unsigned i) const { return i < 64 && (active >> i & 1); }
    // The value of a lane; undefined in Metal when the lane does not take part: then one's own.
    UB T at(unsigned i) const { return all[has(i) ? i : me]; }
    UB T at(unsigned i, const T& otherwise) const { return has(i) ? all[i] : otherwise; }
};
#endif
template <class T> UB T lower(const T& a, const T& b) { return metal::min(a, b); }
template <class T> UB T upper(const T& a, const T& b) { return metal::max(a, b); }
template <class T> UB T product(const T& a, const T& b) { return (T)(a * b); }
template <class T> UB T plus(const T& a, const T& b) { return (T)(a + b); }
template <class T> UB T conjunction(const T& a, const T& b) { return (T)(a & b); }
template <class T> UB T disjunction(const T& a, const T& b) { return (T)(a | b); }
template <class T> UB T exclusive(const T& a, const T& b) { return (T)(a ^ b); }
}  // namespace ub

namespace metal {
struct simd_vote {
    typedef ulong vote_t;
    ulong v;
    UB explicit constexpr simd_vote(ulong x) : v(x) {}
    UB explicit constexpr operator ulong() const { return v; }
    UB bool all() const { unsigned long a; ub_exchange(&a, sizeof a, &a); return (v & a) == a; }
    UB bool any() const { return v != 0; }
};
typedef simd_vote quad_vote;
// Lanes FIRST to FIRST + SIZE of the simdgroup: the whole of it, or the quad.
#define UB_GROUP(name, FIRST, SIZE)                                                                                       \
    template <class T> UB T name##_broadcast(T v, ushort i) { ub::lanes<T> l(v); const unsigned f = FIRST; return l.at(f + i); } \
    template <class T> UB T name##_shuffle(T v, ushort i) { ub::lanes<T> l(v); const unsigned f = FIRST; return l.at(f + i % (SIZE)); } \
    template <class T> UB T name##_shuffle_xor(T v, ushort m) { ub::lanes<T> l(v); const unsigned f = FIRST; return l.at(f + ((l.me - f) ^ m)); } \
    template <class T> UB T name##_shuffle_up(T v, ushort n) { ub::lanes<T> l(v); const unsigned f = FIRST; return l.me - f < n ? v : l.at(l.me - n); } \
    template <class T> UB T name##_shuffle_down(T v, ushort n) { ub::lanes<T> l(v); const unsigned f = FIRST; return l.me - f + n >= (SIZE) ? v : l.at(l.me + n); } \
    template <class T> UB T name##_shuffle_rotate_up(T v, ushort n) { ub::lanes<T> l(v); const unsigned f = FIRST; return l.at(f + (l.me - f + (SIZE) - n % (SIZE)) % (SIZE)); } \
    template <class T> UB T name##_shuffle_rotate_down(T v, ushort n) { ub::lanes<T> l(v); const unsigned f = FIRST; return l.at(f + (l.me - f + n) % (SIZE)); } \
    template <class T> UB T name##_shuffle_and_fill_up(T v, T w, ushort n) { ub::lanes<T> l(v), k(w); const unsigned f = FIRST; return l.me - f < n ? k.at(f + (l.me - f + (SIZE) - n) % (SIZE)) : l.at(l.me - n); } \
    template <class T> UB T name##_shuffle_and_fill_down(T v, T w, ushort n) { ub::lanes<T> l(v), k(w); const unsigned f = FIRST; return l.me - f + n >= (SIZE) ? k.at(f + (l.me - f + n) % (SIZE)) : l.at(l.me + n); } \
    template <class T> UB T name##_broadcast_first(T v) { ub::lanes<T> l(v); const unsigned f = FIRST; for (unsigned i = f; i < f + (SIZE); ++i) if (l.has(i)) return l.all[i]; return v; } \
    UB_FOLD(name, sum, plus, FIRST, SIZE) UB_FOLD(name, product, product, FIRST, SIZE) UB_FOLD(name, min, lower, FIRST, SIZE) UB_FOLD(name, max, upper, FIRST, SIZE) \
    UB_FOLD(name, and, conjunction, FIRST, SIZE) UB_FOLD(name, or, disjunction, FIRST, SIZE) UB_FOLD(name, xor, exclusive, FIRST, SIZE)  \
    UB_PREFIX(name, sum, plus, 0, FIRST) UB_PREFIX(name, product, product, 1, FIRST)                                     \
    UB ulong name##_bits(bool b) { ub::lanes<uchar> l((uchar)b); const unsigned f = FIRST; ulong r = 0; for (unsigned i = f; i < f + (SIZE); ++i) if (l.has(i) && l.all[i]) r |= 1ul << (i - f); return r; } \
    UB bool name##_all(bool b) { ub::lanes<uchar> l((uchar)b); const unsigned f = FIRST; for (unsigned i = f; i < f + (SIZE); ++i) if (l.has(i) && !l.all[i]) return false; return true; } \
    UB bool name##_any(bool b) { return name##_bits(b) != 0; }                                                           \
    UB simd_vote name##_ballot(bool b) { return simd_vote(name##_bits(b)); }                                             \
    UB simd_vote name##_active_threads_mask() { return simd_vote(name##_bits(true)); }                                   \
    UB bool name##_is_first() { ub::lanes<uchar> l((uchar)1); const unsigned f = FIRST; for (unsigned i = f; i < l.me; ++i) if (l.has(i)) return false; return true; }
#define UB_FOLD(name, op, with, FIRST, SIZE) \
    template <class T> UB T name##_##op(T v) { ub::lanes<T> l(v); const unsigned f = FIRST; bool any = false; T r = v; for (unsigned i = f; i < f + (SIZE); ++i) if (l.has(i)) { r = any ? ub::with<T>(r, l.all[i]) : l.all[i]; any = true; } return r; }
#define UB_PREFIX(name, op, with, zero, FIRST)                                                                            \
    template <class T> UB T name##_prefix_inclusive_##op(T v) { ub::lanes<T> l(v); const unsigned f = FIRST; T r = T(zero); for (unsigned i = f; i <= l.me; ++i) if (l.has(i)) r = ub::with<T>(r, l.all[i]); return r; } \
    template <class T> UB T name##_prefix_exclusive_##op(T v) { ub::lanes<T> l(v); const unsigned f = FIRST; T r = T(zero); for (unsigned i = f; i < l.me; ++i) if (l.has(i)) r = ub::with<T>(r, l.all[i]); return r; }
UB_GROUP(simd, 0, 32u)
UB_GROUP(quad, l.me & ~3u, 4u)
#undef UB_GROUP
#undef UB_FOLD
#undef UB_PREFIX

// 8x8 matrices: each lane holds two neighbouring elements of a row.
template <class T, unsigned C = 8, unsigned R = 8> struct simdgroup_matrix {
    static_assert(C == 8 && R == 8, "simdgroup matrices are 8x8");
    typedef vec<T, 2> storage_type;
    storage_type e;
    simdgroup_matrix() = default;
    UB explicit simdgroup_matrix(T diagonal) { const unsigned l = ub_lane(); e.d[0] = row(l) == column(l) ? diagonal : T(0); e.d[1] = row(l) == column(l) + 1 ? diagonal : T(0); }
    UB storage_type& thread_elements() { return e; }
    UB const storage_type& thread_elements() const { return e; }
    static UB unsigned row(unsigned lane) { return (lane / 4 & 4) + lane / 2 % 4; }
    static UB unsigned column(unsigned lane) { return (lane / 4 & 2) * 2 + lane % 2 * 2; }
    // The lane that holds an element (of the first or second kind, by the column's parity).
    static UB unsigned holder(unsigned r, unsigned c) { return ((r & 4) | (c >> 1 & 2)) * 4 + (r % 4) * 2 + (c >> 1 & 1); }
};
typedef simdgroup_matrix<float, 8, 8> simdgroup_float8x8;
typedef simdgroup_matrix<half, 8, 8> simdgroup_half8x8;
typedef simdgroup_matrix<bfloat, 8, 8> simdgroup_bfloat8x8;
template <class T, unsigned C, unsigned R> UB simdgroup_matrix<T, C, R> make_filled_simdgroup_matrix(T v) { simdgroup_matrix<T, C, R> m; m.e = vec<T, 2>(v); return m; }
template <class T, unsigned C, unsigned R> UB simdgroup_matrix<T, C, R> make_diagonal_simdgroup_matrix(T v) { return simdgroup_matrix<T, C, R>(v); }

template <class T, class U> UB void simdgroup_load(simdgroup_matrix<T, 8, 8>& m, const U* src, ulong stride = 8, ulong2 origin = ulong2(0), bool transpose = false) {
    const unsigned l = ub_lane(), r = m.row(l), c = m.column(l);
    uchar meet = 0; unsigned long active; ub_exchange(&meet, 1, &active);
    ub_tile(true);
    for (unsigned i = 0; i < 2; ++i) {
        const ulong y = origin.d[1] + (transpose ? c + i : r), x = origin.d[0] + (transpose ? r : c + i);
        m.e.d[i] = (T)src[y * stride + x];
    }
    ub_tile(false);
}
template <class T, class U> UB void simdgroup_store(const simdgroup_matrix<T, 8, 8>& m, U* dst, ulong stride = 8, ulong2 origin = ulong2(0), bool transpose = false) {
    const unsigned l = ub_lane(), r = m.row(l), c = m.column(l);
    uchar meet = 0; unsigned long active; ub_exchange(&meet, 1, &active);
    ub_tile(true);
    for (unsigned i = 0; i < 2; ++i) {
        const ulong y = origin.d[1] + (transpose ? c + i : r), x = origin.d[0] + (transpose ? r : c + i);
        dst[y * stride + x] = (U)m.e.d[i];
    }
    ub_tile(false);
}
template <class D, class A, class B, class E> UB void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a, const simdgroup_matrix<B, 8, 8>& b, const simdgroup_matrix<E, 8, 8>& c) {
    struct both { A a[2]; B b[2]; } mine = {{a.e.d[0], a.e.d[1]}, {b.e.d[0], b.e.d[1]}};
    ub::lanes<both> l(mine);
    const unsigned r = d.row(l.me), col = d.column(l.me);
    float s0 = (float)c.e.d[0], s1 = (float)c.e.d[1];
    for (unsigned k = 0; k < 8; ++k) {
        const float x = (float)l.all[d.holder(r, k)].a[k & 1];
        const both& y = l.all[d.holder(k, col)];
        s0 += x * (float)y.b[0];
        s1 += x * (float)y.b[1];
    }
    d.e.d[0] = (D)s0;
    d.e.d[1] = (D)s1;
}
template <class D, class A, class B> UB void simdgroup_multiply(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a, const simdgroup_matrix<B, 8, 8>& b) { simdgroup_matrix<D, 8, 8> zero; zero.e = vec<D, 2>(D(0)); simdgroup_multiply_accumulate(d, a, b, zero); }
template <class T> UB simdgroup_matrix<T, 8, 8> operator*(const simdgroup_matrix<T, 8, 8>& a, const simdgroup_matrix<T, 8, 8>& b) { simdgroup_matrix<T, 8, 8> d; simdgroup_multiply(d, a, b); return d; }

// Atomics: relaxed, of any address space.
template <class T> struct atomic { T v; };
template <class T> using _atomic = atomic<T>;
typedef atomic<int> atomic_int;
typedef atomic<uint> atomic_uint;
typedef atomic<bool> atomic_bool;
typedef atomic<float> atomic_float;
typedef atomic<ulong> atomic_ulong;
typedef atomic<long> atomic_long;
template <class T> struct ub_word { typedef typename ub::pick<sizeof(T) == 8, ulong, typename ub::pick<sizeof(T) == 4, uint, uchar>::type>::type type; };
#define UB_WORD(T, p) ((volatile typename ub_word<T>::type*)&(p)->v)
template <class T> UB T ub_of(typename ub_word<T>::type w) { T r; __builtin_memcpy(&r, &w, sizeof r); return r; }
template <class T> UB typename ub_word<T>::type ub_to(T v) { typename ub_word<T>::type r; __builtin_memcpy(&r, &v, sizeof r); return r; }
template <class T> struct ub_same { typedef T type; };
template <class T> UB T atomic_load_explicit(const volatile atomic<T>* p, memory_order) { return ub_of<T>(__atomic_load_n(UB_WORD(T, (volatile atomic<T>*)p), __ATOMIC_RELAXED)); }
template <class T> UB void atomic_store_explicit(volatile atomic<T>* p, typename ub_same<T>::type v, memory_order) { __atomic_store_n(UB_WORD(T, p), ub_to<T>(v), __ATOMIC_RELAXED); }
template <class T> UB T atomic_exchange_explicit(volatile atomic<T>* p, typename ub_same<T>::type v, memory_order) { return ub_of<T>(__atomic_exchange_n(UB_WORD(T, p), ub_to<T>(v), __ATOMIC_RELAXED)); }
template <class T> UB bool atomic_compare_exchange_weak_explicit(volatile atomic<T>* p, T* expected, typename ub_same<T>::type v, memory_order, memory_order) {
    typename ub_word<T>::type e = ub_to<T>(*expected);
    const bool ok = __atomic_compare_exchange_n(UB_WORD(T, p), &e, ub_to<T>(v), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    if (!ok) *expected = ub_of<T>(e);
    return ok;
}
template <class T> UB bool atomic_compare_exchange_strong_explicit(volatile atomic<T>* p, T* expected, typename ub_same<T>::type v, memory_order a, memory_order b) { return atomic_compare_exchange_weak_explicit(p, expected, v, a, b); }
template <class T, class F> UB T ub_update(volatile atomic<T>* p, F f) {
    typename ub_word<T>::type e = __atomic_load_n(UB_WORD(T, p), __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(UB_WORD(T, p), &e, ub_to<T>(f(ub_of<T>(e))), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    return ub_of<T>(e);
}
#define UB_FETCH(name, of) \
    template <class T> UB T atomic_fetch_##name##_explicit(volatile atomic<T>* p, typename ub_same<T>::type v, memory_order) { return ub_update(p, [v](T x) __attribute__((always_inline, nodebug)) { return (T)(of); }); } \
    template <class T> UB T atomic_fetch_##name(volatile atomic<T>* p, typename ub_same<T>::type v) { return atomic_fetch_##name##_explicit(p, v, memory_order_relaxed); }
UB_FETCH(add, x + v) UB_FETCH(sub, x - v) UB_FETCH(min, min(x, v)) UB_FETCH(max, max(x, v)) UB_FETCH(and, x & v) UB_FETCH(or, x | v) UB_FETCH(xor, x ^ v)
template <class T> UB void atomic_max_explicit(volatile atomic<T>* p, typename ub_same<T>::type v, memory_order o) { atomic_fetch_max_explicit(p, v, o); }
template <class T> UB void atomic_min_explicit(volatile atomic<T>* p, typename ub_same<T>::type v, memory_order o) { atomic_fetch_min_explicit(p, v, o); }
template <class T> UB T atomic_load(const volatile atomic<T>* p) { return atomic_load_explicit(p, memory_order_relaxed); }
template <class T> UB void atomic_store(volatile atomic<T>* p, typename ub_same<T>::type v) { atomic_store_explicit(p, v, memory_order_relaxed); }
template <class T> UB T atomic_exchange(volatile atomic<T>* p, typename ub_same<T>::type v) { return atomic_exchange_explicit(p, v, memory_order_relaxed); }
}  // namespace metal

namespace ub {
// Where threadgroup variables lie.
#ifdef UB_THREADGROUP
#elif defined __APPLE__
#define UB_THREADGROUP static __attribute__((section("__DATA,ub_tg")))
#else
#define UB_THREADGROUP static __attribute__((section("ub_tg")))
#endif
template <class T> UB void name(const char* n, const T& v) { ub_name(n, &v, sizeof v); }

#ifndef UB_OWN_CONSTANTS
// Function constants.
struct function_constant {
    unsigned n;
    template <class T> UB operator T() const { ub_value v{}; return ub_function_constant(n, &v) ? v.real ? (T)(float)v.number : (T)v.whole : T(); }
    template <class T, unsigned N> UB operator vec<T, N>() const { ub_value v{}; return vec<T, N>(ub_function_constant(n, &v) ? (T)v.whole : T()); }
    UB bool defined() const { ub_value v{}; return ub_function_constant(n, &v); }
};
#endif

// Binding of parameters.
template <class T> struct kind { static constexpr char v = '?'; static constexpr unsigned long bytes = 4, lanes = (sizeof(T) + 3) / 4; };
template <class T> struct kind_of { typedef typename pick<number<T>::v, T, typename shape<T>::T>::type S; };
#define UB_KIND(T, c) template <> struct kind<T> { static constexpr char v = c; static constexpr unsigned long bytes = sizeof(T), lanes = 1; };
UB_KIND(bool, 'o') UB_KIND(char, 'i') UB_KIND(signed char, 'i') UB_KIND(uchar, 'u') UB_KIND(short, 'i') UB_KIND(ushort, 'u') UB_KIND(int, 'i') UB_KIND(uint, 'u')
UB_KIND(long, 'i') UB_KIND(ulong, 'u') UB_KIND(half, 'f') UB_KIND(float, 'f') UB_KIND(bfloat, 'b')
template <class T, unsigned N> struct kind<vec<T, N>> { static constexpr char v = kind<T>::v; static constexpr unsigned long bytes = sizeof(T), lanes = sizeof(vec<T, N>) / sizeof(T); };
template <class T, unsigned N> struct kind<metal::packed_vec<T, N>> { static constexpr char v = kind<T>::v; static constexpr unsigned long bytes = sizeof(T), lanes = N; };
template <class T> struct kind<metal::atomic<T>> : kind<T> {};
template <class T, unsigned long N> struct kind<T[N]> { static constexpr char v = kind<T>::v; static constexpr unsigned long bytes = kind<T>::bytes, lanes = kind<T>::lanes * N; };

template <class P> struct bind {  // a built-in value
    static void describe(ub_shape& s) { s = ub_shape{0, 1, 0, 0, 0, false}; }
    template <class T, unsigned N> static vec<T, N> make(const unsigned (&b)[3], vec<T, N>*) { vec<T, N> r; for (unsigned i = 0; i < N; ++i) r.d[i] = (T)b[i]; return r; }
    template <class T> static T make(const unsigned (&b)[3], T*) { return (T)b[0]; }
    static P get(void*, const unsigned (&b)[3]) { return make(b, (typename bare<P>::type*)nullptr); }
};
template <class T> struct bind<T*> {
    typedef typename bare<T>::type E;
    static void describe(ub_shape& s) { s = ub_shape{sizeof(E), alignof(E), kind<E>::bytes, kind<E>::lanes, kind<E>::v, false}; }
    static T* get(void* p, const unsigned (&)[3]) { return (T*)p; }
};
template <class T> struct bind<T* const> : bind<T*> {};
template <class T> struct bind<T&> {
    typedef typename bare<T>::type E;
    static void describe(ub_shape& s) { bind<T*>::describe(s); s.reference = true; }
    static T& get(void* p, const unsigned (&)[3]) { return *(T*)p; }
};
template <unsigned... I> struct list {};
template <unsigned n, unsigned... I> struct upto : upto<n - 1, n - 1, I...> {};
template <unsigned... I> struct upto<0, I...> { typedef list<I...> type; };
template <class... P, unsigned... I> void describe(void (*)(P...), ub_shape* out, list<I...>) { (bind<P>::describe(out[I]), ...); }
template <class... P> void describe(void (*f)(P...), ub_shape* out) { describe(f, out, typename upto<sizeof...(P)>::type()); }
template <class... P, unsigned... I> void call(void (*f)(P...), void* const* m, const unsigned (*b)[3], list<I...>) { f(bind<P>::get(m[I], b[I])...); }
template <class... P> void call(void (*f)(P...), void* const* m, const unsigned (*b)[3]) { call(f, m, b, typename upto<sizeof...(P)>::type()); }
// The I-th parameter as the thing that it points to.
template <unsigned I, class A, class... R> struct nth : nth<I - 1, R...> {};
template <class A, class... R> struct nth<0, A, R...> { typedef A type; };
template <class T> struct target { typedef T type; };
template <class T> struct target<T*> { typedef typename bare<T>::type type; };
template <class T> struct target<T&> { typedef typename bare<T>::type type; };
template <unsigned I, class... P> typename target<typename nth<I, P...>::type>::type& slot(void (*)(P...), void* const* m) { return *(typename target<typename nth<I, P...>::type>::type*)m[I]; }
template <class T> void set(T& to, const ub_value& v) { to = v.real ? (T)(float)v.number : (T)v.whole; }
template <class T, unsigned N> void set(vec<T, N>& to, const ub_value& v) { for (unsigned i = 0; i < N; ++i) set(to.d[i], v); }
template <class T> void set(T* to, const ub_value& v) { set(*to, v); }
}  // namespace ub
