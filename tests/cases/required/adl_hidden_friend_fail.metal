// unbarrier: --threadgroup 64
// A friend defined in a class is found by the type of an argument only ([basic.lookup.argdep]).
#include <metal_stdlib>
using namespace metal;

namespace lib {
struct V { uint x; friend uint at(V v) { return v.x + 15u; } };
}
inline uint at(uint v) { return v; }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    lib::V v;
    v.x = 2;
    if (tid == 0) {
        s[at(v)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[17];
    }
}
