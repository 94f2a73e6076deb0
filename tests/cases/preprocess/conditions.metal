#define ONE 1
#define F(x) ((x) * 2)
#define HAS defined(ONE)
#if ONE + F(3) == 7 && HAS
a1
#endif
#if defined ONE && !defined(TWO) && defined(F)
a2
#endif
#if (1 << 4 | 3) == 0x13 && (7 ^ 2) == 5 && (~0u) > 0 && -8 >> 1 == -4
a3
#else
b3
#endif
#if -1 > 0u
a4
#elif 1
b4
#endif
#if (0 ? 1u : -1) > 0
a5
#endif
#if 18446744073709551615u == -1
a6
#endif
#if 9223372036854775807 + 0 > 0 && 0x8000000000000000 > 0
a7
#endif
#if 1 ? 0 ? 2 : 3 : 4
a8
#endif
#if 'a' < 'b' && '\t' == 9 && '\101' == 'A' && L'x' == 'x'
a9
#endif
#if 0 && (1 / 0)
b10
#elif 0 || 2 - 2
c10
#else
a10
#endif
#ifdef UNDEF
# if BROKEN (
  don't look "here
# else
# endif
#elif 100'000 == 100000
a11
#endif
#ifndef UNDEF
  #ifdef ONE // comment
    a12
  #endif /* comment */
#else
b12
#endif
#if __has_include("paste.metal") && !__has_include("missing.metal")
a13
#endif
#if true && !false && (not false) && (true and true)
a14
#endif
#define EMPTY
#if EMPTY ONE EMPTY
a15
#endif
#if 1 //\
 still a comment
a16
#endif
#if 5 % 3 == 2 && -5 % 3 == -2 && 5 / -2 == -2 && 1 - 2 - 3 == -4
a17
#endif
#if 1 == 1 == 1 && 2 > 1 > 0 && 8 >> 2 >> 1 == 1 && !1 + 1 == 1
a18
#endif
#if __LINE__ == 87
a19
#endif
#if 0
#unknown
#elif 0
#else
a20
#endif
