// unbarrier: --threadgroup 64
// A parameter by value is made by the copy constructor.
#include <metal_stdlib>
using namespace metal;

struct V { uint x; V(uint a) : x(a) {} V(thread const V& o) : x(o.x + 5u) {} };
inline uint at(V v) { return v.x; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    V a(8);
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[at(a)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[8];
    }
}
