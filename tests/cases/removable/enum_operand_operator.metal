// unbarrier: --threadgroup 64
// No operand of `A + 1`, `-e` and `e < 3` is of class type: the operators of `Cl` are no candidates ([over.match.oper]/3.2), the built-in ones are meant.
#include <metal_stdlib>
using namespace metal;

struct Cl {
    uint v;
    Cl(uint a) : v(a) {}
    operator uint() const { return v; }
};
inline Cl operator+(Cl p, int q) { p.v = 1u; return p; }
inline Cl operator-(Cl p) { p.v = 1u; return p; }
inline bool operator<(Cl p, int q) { return false; }
enum E { A = 63, B };

kernel void sum(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = a[(tid + (uint)(A + 1)) % 64u];
}

kernel void negative(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    E e = B;
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = a[(tid - (uint)-e) % 64u];
}

kernel void less(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    E e = B;
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = a[e < 99 ? tid : 63u - tid];
}
