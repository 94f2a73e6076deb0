// unbarrier: --threadgroup 64
// No operand of `A + 1`, `-e` and `e < 3` is of class type: the operators of `Cl` are no candidates ([over.match.oper]/3.2), the built-in ones are meant.
#include <metal_stdlib>
using namespace metal;

struct Cl {
    uint v;
    Cl(uint a) : v(a) {}
    operator uint() const { return v; }
};
inline Cl operator+(Cl p, int q) { p.v = 0u; return p; }
inline Cl operator-(Cl p) { p.v = 0u; return p; }
inline bool operator<(Cl p, int q) { return true; }
enum E { A = 64, B };

kernel void sum(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = a[(tid + (uint)(A + 1)) % 64u];
}

kernel void negative(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    E e = B;
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = a[(tid - (uint)-e) % 64u];
}

kernel void less(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    E e = B;
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = a[e < 3 ? tid : 63u - tid];
}
