// unbarrier: --threadgroup 64
// `::x` is that of the file, whatever is nearer.
#include <metal_stdlib>
using namespace metal;

inline uint at() { return 13; }
namespace app { inline uint at() { return 21; } inline uint both() { return ::at(); } }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[app::both()] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[21];
    }
}
