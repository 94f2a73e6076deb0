// unbarrier: --threadgroup 64
// The const of an object picks the member function.
#include <metal_stdlib>
using namespace metal;

struct Cell { uint x; uint at() { return x; } uint at() const { return x + 20u; } };
inline uint through(thread const Cell& c) { return c.at(); }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    Cell c{4};
    if (tid == 0) {
        s[through(c)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[24];
    }
}
