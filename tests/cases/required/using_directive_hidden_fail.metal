// unbarrier: --threadgroup 64
// A using-directive in a namespace does not speak for the file.
#include <metal_stdlib>
using namespace metal;

namespace left { constant uint K = 6; }
namespace right { constant uint K = 11; }
namespace other { using namespace left; inline uint at() { return K; } }
using namespace right;

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[K] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[11];
    }
}
