// Examples of the C standard (6.10.3.5) and worse.
#define x 3
#define f(a) f(x * (a))
#undef x
#define x 2
#define g f
#define z z[0]
#define h g(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);
g(x+(3,4)-w) | h 5) & m
(f)^m(m);
p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };
char c[2][6] = { str(hello), str() };
#define foo foo a foo
foo
#define A B C
#define B A D
#define C B A
A ; B ; C
#define F2(a) a*G2
#define G2(a) F2(a)
F2(2)(9) G2(1)(2)(3)
#define NIL(xxx) xxx
#define G_0(arg) NIL(G_1)(arg)
#define G_1(arg) NIL(arg)
G_0(42)
#define AA BB
#define BB AA
#define CALL(fn, v) fn(v)
#define SELF(v) CALL(SELF, v)
SELF(1) CALL(CALL, 2) CALL(SELF, AA)
#define EMPTY()
#define DEFER(id) id EMPTY()
#define EXPAND(...) __VA_ARGS__
#define REP() DEFER(REP_)()()
#define REP_() x, REP
REP() ; EXPAND(REP()) ; EXPAND(EXPAND(REP()))
#define OUT(a) IN(a) a
#define IN(a) OUT(a)
OUT(OUT(IN(1)))
#define LP (
#define RP )
#define CL(x) <x>
CL LP 1 RP ; EXPAND(CL LP 1 RP) ; EXPAND(CL)(2) ; EXPAND(CL LP 3)) ;
#define NEST(x) NEST(x) x
NEST(NEST(NEST(1)))
#define fn1(x) fn2
#define fn2(x) fn1
fn1(1)(2)(3)(4) fn1
(1)
(2) end
#define tail h1(
#define h1(x) [x tail]
h1(1) 2) 3)
