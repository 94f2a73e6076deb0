// unbarrier: --threadgroup 64
// Pointers that differ in address space are told apart.
#include <metal_stdlib>
using namespace metal;

inline uint at(thread uint* p) { return 9; }
inline uint at(threadgroup uint* p) { return 26; }
inline uint at(device uint* p) { return 37; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint cell = 0;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[at(&s[1])] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[9];
    }
}
