// unbarrier: --threadgroup 64
// A call that may mean several functions hides no barrier, as none of that name comes to one.
#include <metal_stdlib>
using namespace metal;

struct A { uint x; };
struct B { uint x; B(uint y) : x(y) {} operator A() const { return A{x}; } };
struct C { uint x; C(uint y) : x(y) {} };
uint f(B b) { return b.x; }
uint f(C c) { threadgroup_barrier(mem_flags::mem_none); return c.x + 1u; } //~ unknown

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    s[tid] = tid;
    out[tid] = f(tid); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] += s[tid];
}
