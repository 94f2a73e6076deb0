// unbarrier: --threadgroup 64
// A using-declaration in a namespace makes the name a member of it ([namespace.udecl]).
#include <metal_stdlib>
using namespace metal;

namespace lib { inline uint at(uint v) { return v + 3u; } }
inline uint at(uint v) { return v + 8u; }
namespace app { using lib::at; inline uint twice(uint v) { return at(at(v)); } }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[app::twice(1u)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[17];
    }
}
