// unbarrier: --threadgroup 64
// A function found by the type of its argument takes part beside a template of the file, and wins as no template ([over.match.best]).
#include <metal_stdlib>
using namespace metal;

namespace lib { struct V { uint x; }; inline uint at(thread const V& v) { return v.x + 6u; } }
template <typename T> inline uint at(thread const T& v) { return 19; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    lib::V v;
    v.x = 2;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[at(v)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[19];
    }
}
