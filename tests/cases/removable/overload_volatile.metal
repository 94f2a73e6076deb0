// unbarrier: --threadgroup 64
// References that differ in volatile are told apart.
#include <metal_stdlib>
using namespace metal;

inline uint at(thread uint& r) { return 11; }
inline uint at(volatile thread uint& r) { return 23; }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    volatile uint cell = 0;
    if (tid == 0) {
        s[at(cell)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[11];
    }
}
