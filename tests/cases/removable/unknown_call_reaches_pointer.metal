// unbarrier: --threadgroup 64
// What a record that is passed points to is reached, too, and what the call may write is not known any more.
#include <metal_stdlib>
using namespace metal;

struct view { threadgroup uint* data; uint n; };

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    threadgroup uint other[64];
    view v = {other, 0};
    uint at = 0;
    if (tid == 0) { s[8] = 1; }
    not_of_this_library(v, 1u); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) { out[0] = s[40 + at]; }
}
