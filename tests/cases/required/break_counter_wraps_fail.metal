// unbarrier: --threadgroup 64
// A counter that may wrap, in a loop that is left by break: the last turn is a turn.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    threadgroup uint mark[64];
    for (uint i = n;; i += 16) {
        if (tid == 5) {
            mark[i & 63] = 1;
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
        if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
            s[4] = i;
        }
        if (i == 4088u) {
            break;
        }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 40) {
        out[0] = s[4];
    }
}
