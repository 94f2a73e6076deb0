// unbarrier: --threadgroup 64
// Members of an inline namespace are members of the one around it.
#include <metal_stdlib>
using namespace metal;

namespace lib {
inline namespace v2 { inline uint at() { return 27; } }
namespace v1 { inline uint at() { return 16; } }
}

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[lib::at()] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[27];
    }
}
