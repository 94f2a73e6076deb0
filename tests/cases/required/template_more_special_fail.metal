// unbarrier: --threadgroup 64
// Of two templates that fit, the more specialised one is called ([temp.func.order]).
#include <metal_stdlib>
using namespace metal;

template <typename T> inline uint at(T v) { return 14; }
template <typename T> inline uint at(thread T* v) { return 25; }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint cell = 3;
    if (tid == 0) {
        s[at(&cell)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[25];
    }
}
