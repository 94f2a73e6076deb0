// unbarrier: --threadgroup 64
// `?:` of a variable and a value is a value, though the variable is taken.
#include <metal_stdlib>
using namespace metal;

inline uint at(thread uint& a) { return 9; }
inline uint at(thread uint&& a) { return 26; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint c = tid;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[at(1 ? c : 5u)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[26];
    }
}
