// unbarrier: --threadgroup 64
// Designated initialisers, ranges of them, __extension__, decltype(e)::name, uniform values and vectors of eight.
#include <metal_stdlib>
using namespace metal;

struct P {
    int a;
    int b = 5;
    int c[4];
};
constant int table[] = {[0 ... 3] = 1, [5] = 2, 7};
constant P preset = {.a = 3, .c = {[2] = 4}};
template <int V> struct num {
    static constant constexpr int n = V;
};
typedef struct {
    __extension__ union {
        struct {
            half d;
            half m;
        } s;
        uint dm;
    };
    uint q;
} block_t;

kernel void k(device float* out [[buffer(0)]], const device block_t* in [[buffer(1)]], constant int& n [[buffer(2)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    P p = {.a = table[3], .c[1] = 2};
    uniform<int> m = make_uniform(n);
    vec<float, 8> v = 1.0f;
    v[7] = float(m);
    num<4> w;
    buf[tid + (preset.b - 5) + (table[6] - 7) + (p.c[1] - 2)] = float(in[tid].s.d) + v[7] + float(decltype(w)::n);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[tid * uint(table[0]) + uint(preset.c[2] - 4) + uint(table[4])];
}
