// unbarrier: --threadgroup 64
// The cast cuts the counter off: 140, 24, 164, 48 and so on, not a ring of 300.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint stage[512];
    uint slot = 0;
    uint sum = 0;
    for (uint i = 0; i < 8; i++) {
        if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) stage[slot] = i;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (tid == 40) sum += stage[24];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        slot = (uint)(uchar)((slot + 140) % 300);
    }
    out[tid] = sum;
}
