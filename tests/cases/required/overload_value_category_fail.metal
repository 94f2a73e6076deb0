// unbarrier: --threadgroup 64
// A temporary goes to the reference to an rvalue, a variable to the other ([over.ics.rank]).
#include <metal_stdlib>
using namespace metal;

inline uint at(thread const uint& r) { return 12; }
inline uint at(thread uint&& r) { return 32; }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint cell = 3;
    if (tid == 0) {
        s[at(cell + 1u)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[32];
    }
}
