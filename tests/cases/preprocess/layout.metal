/* comments, splices and macros over many lines */
#define LONG(a, \
             b) \
    do { \
        a; /* not
              the end */ b; \
    } while (0)
LONG(x = 1,
     y = 2)
LONG(
  f(1, 2)
  ,
  // a comment inside
  g((3), [](int q) { return q; })
)
  #  define   SPACED(  a  ,  b  )   a   b
SPACED  (  1  ,  2  )
SPACED
(3,
4)
SPACED
int af\
ter\
 = 1;
#define OBJ (1)
OBJ(2)
#define NOTFN (a) a
NOTFN(1)
# /* null directive */
#
%: define DIGRAPH <: :> <% %>
DIGRAPH
"a string // not a comment" 'c' "/*" '/*' /* "*/
R"(raw // "text" \
#define X
)" R"delim()")delim" u8R"(x)"
a /**/ b/**/c /* * / ** */d
#define MULTI(x) x x
MULTI(a
#undef MULTI
#define MULTI(x) x
#ifdef MULTI
b
#else
c
#endif
d) MULTI(e)
#pragma unroll
for (;;) { _Pragma("unroll") for (;;) {} }
#define UNROLL _Pragma("clang loop unroll(full)")
#define DO(p) _Pragma(#p) while
UNROLL for (;;); DO(unroll(4)) (1);
#pragma clang loop unroll(full)
#pragma once_more
__LINE__ MULTI(__LINE__) MULTI(
__LINE__
)
#define LINE2 __LINE__ MULTI(__LINE__)
LINE2 MULTI(LINE2
)
#line 1000
__LINE__
__COUNTER__ __COUNTER__ MULTI(__COUNTER__)
0x1.8p+3f 1'000u 1e-5h 0xe+1 1.0e+ 5..6 .5e3 0b1'0 x->*y a.*b a<<=b>>=c ... a::b
