// Token pasting in its corners.
#define CAT(a, b) a##b
#define XCAT(a, b) CAT(a, b)
#define EMPTY
#define hash_hash # ## #
#define mkstr(a) # a
#define in_between(a) mkstr(a)
#define join(c, d) in_between(c hash_hash d)
char p[] = join(x, y);
#define t(x,y,z) x ## y ## z
int j[] = { t(1,2,3), t(,4,5), t(6,,7), t(8,9,), t(10,,), t(,11,), t(,,12), t(,,) };
CAT(kernel_, CAT(a, b))
XCAT(kernel_, XCAT(a, b))
XCAT(EMPTY, x) CAT(EMPTY, x) CAT(, ) XCAT(EMPTY, EMPTY)
CAT(1, e) CAT(0x, 1F) CAT(1., 5f) CAT(., 5) CAT(1e, 3)
CAT(<, <=) CAT(-, >) CAT(&, &) CAT(:, :) CAT(%:, %:) CAT(+, =)
CAT(L, 'a') CAT(u8, "x") CAT(L, "a b")
#define PRE(n) pre_##n##_post, n##1##2, n ## n
PRE(foo) PRE(XCAT) PRE()
#define LIT(x) 1##x x##1
LIT(u) LIT(f)
#define TYPE(t, n) t##n
TYPE(float, 4) TYPE(half, 2x2) TYPE(simdgroup_, half8x8)
#define OBJ a ## b ## c
OBJ
#define FNAME CAT
FNAME(x, y) CAT(FN, AME)(p, q)
#define MID(a, b, c) a b##c a
MID(1 2, 3 4, 5 6)
