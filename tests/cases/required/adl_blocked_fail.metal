// unbarrier: --threadgroup 64
// A declaration of a function in a block, or a variable, keeps arguments from being looked at.
#include <metal_stdlib>
using namespace metal;

namespace lib { struct V { uint x; }; inline uint at(V v) { return v.x + 6u; } }
struct Call { uint operator()(lib::V v) const { return v.x + 25u; } };

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    lib::V v;
    v.x = 2;
    Call at;
    if (tid == 0) {
        s[at(v)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[27];
    }
}
