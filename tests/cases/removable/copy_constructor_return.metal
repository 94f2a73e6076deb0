// unbarrier: --threadgroup 64
// A returned temporary is the result itself ([class.copy.elision]); initialising from a variable calls the copy constructor.
#include <metal_stdlib>
using namespace metal;

struct V { uint x; V(uint a) : x(a) {} V(thread const V& o) : x(o.x + 5u) {} };
inline V fresh(uint x) { return V(x); }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    V a = fresh(20);
    V b = a;
    if (tid == 0) {
        s[b.x + a.x] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[40];
    }
}
