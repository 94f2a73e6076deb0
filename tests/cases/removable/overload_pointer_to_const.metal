// unbarrier: --threadgroup 64
// A pointer to const goes to the overload that takes one; one that is not const prefers the other ([over.ics.rank]).
#include <metal_stdlib>
using namespace metal;

inline uint at(thread uint* p) { return *p; }
inline uint at(thread const uint* p) { return *p + 7u; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint cell = 5;
    thread const uint* p = &cell;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[at(p)] = 1;
        s[at(&cell) + 30u] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[5];
    }
}
