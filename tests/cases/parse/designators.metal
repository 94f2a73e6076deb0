// Initialisers.
struct P { int x, y; int z[4]; };
constant P a = {.x = 1, .y = 2};
constant int b[8] = {[0] = 1, [2 ... 4] = 5};
P make(int v) {
    P p = {v, v + 1, {1, 2}};
    p = {};
    p = P{v};
    take({1, 2}, P{1, 2, {3}}, {});
    return {v, {v}};
}
