// unbarrier: --threadgroup 64
// Enumerators belong to the namespace of their enumeration, those of scoped enumerations to it.
#include <metal_stdlib>
using namespace metal;

namespace a { enum Mode { first = 3, last = 10 }; }
namespace b { enum class Mode : uint { first = 5, last = 22 }; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[uint(b::Mode::last)] = 1;
        s[a::first] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[22];
    }
}
