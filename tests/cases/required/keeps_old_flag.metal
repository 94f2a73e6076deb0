// unbarrier: --threadgroup 64
// A thread that sees the flag ends. Nothing makes the others look at it again before a barrier that orders device memory, so that
// they may go on into the next round with its old value: then the second barrier is the last that the ended thread met.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* stop [[buffer(0)]],
              device const uint* in [[buffer(1)]],
              device uint* out [[buffer(2)]],
              constant uint& rounds [[buffer(3)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint t[64];
    for (uint r = 0; r < rounds; ++r) {
        if (stop[0] != 0) { //~ race
            return;
        }
        t[(tid + r) % 64] = in[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        uint v = t[tid];
        out[tid] += v;
        if (v == 7) {
            stop[0] = 1; //~ race
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (stop[0] != 0) { //~ race
            return;
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    }
}
