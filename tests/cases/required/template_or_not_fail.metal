// unbarrier: --threadgroup 64
// A function that is no template wins over a template only where conversions are equal.
#include <metal_stdlib>
using namespace metal;

template <typename T> inline uint at(T v) { return 17; }
inline uint at(uint v) { return 28; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    ushort narrow = 3;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[at(narrow)] = 1;
        s[at(3u) + 10u] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[38];
    }
}
