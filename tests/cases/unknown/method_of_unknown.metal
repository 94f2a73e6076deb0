// unbarrier: --threadgroup 64
// Which function is called is not known, so its result is of no known type; a method of it may come to a barrier.
#include <metal_stdlib>
using namespace metal;

struct B { uint x; B(uint y) : x(y) {} };
struct C { uint x; C(uint y) : x(y) {} };
struct R { void sync() { threadgroup_barrier(mem_flags::mem_threadgroup); } }; //~ unknown
R f(B b) { return R(); }
R f(C c) { return R(); }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    s[tid] = tid;
    auto r = f(tid); //~ unsupported
    r.sync(); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = s[63 - tid];
}
