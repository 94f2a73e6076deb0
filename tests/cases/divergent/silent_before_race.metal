// unbarrier: --threadgroup 2
// A barrier that names no memory, and that not all threads reach, hides a race behind it where they part: without it they come to the race.
#include <metal_stdlib>
using namespace metal;

kernel void k(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup float v[32];
    for (uint i = 0; i < in[3]; ++i) {
        if (i > 5) break;
        if (t != 0) continue;
        threadgroup_barrier(mem_flags::mem_none); //~ unknown divergent
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    v[0] = 0.0f; //~ race
    out[t] = t;
}
