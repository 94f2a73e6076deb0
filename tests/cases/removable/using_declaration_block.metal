// unbarrier: --threadgroup 64
// A using-declaration in a block declares the name there and hides that of the file.
#include <metal_stdlib>
using namespace metal;

constant uint K = 4;
namespace lib { constant uint K = 12; }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint at = K;
    { using lib::K; at = at + K; }
    if (tid == 0) {
        s[at] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[8];
    }
}
