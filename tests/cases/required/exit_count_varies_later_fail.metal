// unbarrier: --threadgroup 64
// How often an inner loop runs is the same for all threads in the first turn only.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[128];
    uint bound = 0, sum = 0;
    for (uint turn = 0; turn < 3; ++turn) {
        uint i = 0;
        while (i < bound) {
            ++i;
        }
        if (tid == 1 && turn == 2 && n - 3u * m == 769u && n + 5u * m == 1385u) {
            s[i] = turn;
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (turn == 2 && n - 3u * m == 769u && n + 5u * m == 1385u) {
            sum += s[i + 1];
        }
        bound = tid;
    }
    out[tid] = sum;
}
