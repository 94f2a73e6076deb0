// unbarrier: --threadgroup 64
// A name of an inner block hides the outer one up to the end of that block.
#include <metal_stdlib>
using namespace metal;

constant uint K = 3;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint at = K;
    {
        uint K = 10;
        { uint K = 30; at += K; }
        at += K;
    }
    at += K;
    if (tid == 0) {
        s[at] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[39];
    }
}
