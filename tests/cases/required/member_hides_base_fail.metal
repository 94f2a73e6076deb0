// unbarrier: --threadgroup 64
// A member function of a class hides those of its base whatever their parameters are ([class.member.lookup]).
#include <metal_stdlib>
using namespace metal;

struct Base { uint at(uint v) { return v + 2u; } };
struct Derived : Base { uint at(float v) { return uint(v) + 30u; } };

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    Derived d;
    if (tid == 0) {
        s[d.at(1u)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[31];
    }
}
