#define V(...) f(__VA_ARGS__)
#define V1(a, ...) f(a, __VA_ARGS__)
#define G(fmt, args...) f(fmt, ## args)
#define G2(fmt, ...) f(fmt, ##__VA_ARGS__)
#define G3(...) f(x, ##__VA_ARGS__)
#define N(args...) [args]
V() V(1) V(1,2) V((1,2),3) V(,) V(,,)
V1(1) V1(1,) V1(1,2) V1(1,2,3) V1()
G(1) G(1,) G(1,2) G(1,2,3) G() G(,)
G2("a") G2("a",) G2("a", b) G2("a", b, c) G2("a", (b, c))
G3() G3(1) G3(1,2)
N() N(1) N(a,b,(c,d))
#define COUNT_(_1,_2,_3,_4,_5,N,...) N
#define COUNT(...) COUNT_(__VA_ARGS__, 5, 4, 3, 2, 1, 0)
COUNT(a) COUNT(a,b) COUNT(a,b,c) COUNT((a,b),c) COUNT(COUNT(1,2),3)
#define FIRST(a, ...) a
#define REST(a, ...) __VA_ARGS__
FIRST(1,2,3) REST(1,2,3) FIRST(REST(1,2,3)) REST(REST(1,2,3),4,5)
#define PASTE_V(a, ...) a ## __VA_ARGS__
PASTE_V(x) PASTE_V(x, y) PASTE_V(x, y, z) PASTE_V(, y, z)
#define W 7
G(W, W) G2(W, W, W) PASTE_V(W, W, W)
#define C2(x, ...) x ##,##__VA_ARGS__
#define SEMI(...) __VA_ARGS__ ; #__VA_ARGS__ ; pre##__VA_ARGS__##post
SEMI(W) SEMI(a, W) SEMI()
