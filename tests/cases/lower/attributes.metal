// Attributes that change a type: vectors beyond four components, and what is not understood.
#include <metal_stdlib>
using namespace metal;

typedef half half_v8 __attribute__((ext_vector_type(8)));
using float_v4 = float __attribute__((ext_vector_type(4)));
typedef float float_v3 __attribute__((ext_vector_type(3)));
typedef uint __attribute__((vector_size(16))) uint_v4;
typedef short short_v5 __attribute__((ext_vector_type(5)));
template <typename T, int N> using lanes = T __attribute__((ext_vector_type(N)));
typedef float odd_float __attribute__((mode(DF)));
typedef float4 natural __attribute__((aligned(16)));
typedef float4 loose __attribute__((aligned(4)));

struct Loose { float head; loose tail; };
struct Spread { char a; int b __attribute__((aligned(16))); char c; };
struct __attribute__((packed)) Tight { char a; int b; short c; };
struct __attribute__((ms_struct)) Strange { char a; int b; };

kernel void wide(device half_v8 *v [[buffer(0)]], device float *f [[buffer(1)]],
                 threadgroup half *stage [[threadgroup(0)]],
                 uint t [[thread_position_in_grid]])
{
    threadgroup half_v8 *s = (threadgroup half_v8 *)stage;
    s[t] = v[t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    f[t] = float(s[t + 1][5]) + float(s[t + 2][t & 7]);
    half_v8 w = v[t];
    w[t & 7] = half(1);
    w.s6 = half(2);
    w.lo = w.hi;
    v[t] = w;
    f[0] = sizeof(half_v8) + sizeof(float_v3) + sizeof(short_v5);
}

kernel void others(device float_v4 *a [[buffer(0)]], device float_v3 *b [[buffer(1)]],
                   device uint_v4 *c [[buffer(2)]], device short_v5 *d [[buffer(3)]],
                   device float __attribute__((vector_size(8))) *e [[buffer(4)]],
                   uint t [[thread_position_in_grid]])
{
    a[t] = a[t + 1];
    b[t] = b[t + 1];
    c[t] = c[t + 1];
    d[t] = d[t + 1];
    e[t] = e[t + 1];
    *(device lanes<int, 2> *)(c + t) = 0;
}

kernel void harmless(device natural *a [[buffer(0)]] __attribute__((unused)),
                     device Spread *s [[buffer(1)]], device Tight *p [[buffer(2)]],
                     uint t [[thread_position_in_grid]])
{
    threadgroup float x[4] __attribute__((aligned(16)));
    x[t] = a[t].x;
    s[t].b = 1;
    s[t].c = 2;
    p[t].b = 3;
    p[t].c = 4;
}

static void helper(device odd_float *p) { float x = *p; *p = x; }

kernel void unknown_pointer(device odd_float *p [[buffer(0)]], device float *q [[buffer(1)]],
                            uint t [[thread_position_in_grid]])
{
    float x = p[t];
    q[t] = x + ((device odd_float *)q)[1];
    helper(q);
}

kernel void unknown_variable(device float *q [[buffer(0)]])
{
    int x __attribute__((cleanup(helper))) = 1;
    threadgroup odd_float y[4];
    q[0] = y[1] + sizeof(odd_float);
}

kernel void unknown_alignment(device Loose *q [[buffer(0)]])
{
    q[1].tail = 0;
}

kernel void unknown_record(device Strange *q [[buffer(0)]])
{
    q[1].b = 0;
}

enum __attribute__((packed)) Small { one, two };

kernel void unknown_enum(device Small *q [[buffer(0)]])
{
    q[1] = one;
}
