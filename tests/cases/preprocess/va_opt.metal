// clang: -std=c++20
#define F(a, ...) f(a __VA_OPT__(,) __VA_ARGS__)
#define G(X, ...) f(0, X __VA_OPT__(,) __VA_ARGS__)
#define SDEF(sname, ...) S sname __VA_OPT__(= { __VA_ARGS__ })
#define EMP
F(a, b, c) F() F(EMP) F(a) F(a,) F(a, EMP) G(a, b, c) G(a, ) G(a)
SDEF(foo); SDEF(bar, 1, 2);
#define H2(X, Y, ...) __VA_OPT__(X ## Y,) __VA_ARGS__
H2(a, b, c, d) H2(a, b)
#define H3(X, ...) #X __VA_OPT__(#X) #__VA_ARGS__
H3(, 0) H3(x) H3(x, y)
#define H4(X, ...) __VA_OPT__(a X ## X) b
H4(, 1) H4(z, 1) H4(z)
