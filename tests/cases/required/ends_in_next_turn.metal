// unbarrier: --threadgroup 64
// A thread that returns at the start of a turn made its last accesses in the turn before: both barriers order them.
#include <metal_stdlib>
using namespace metal;

kernel void ends(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint buf[64];
    for (uint j = 0; j < n; ++j) {
        for (uint i = 0; i < 4; ++i) {
            if (tid == 5 && i == 3 && j == 2) return;
            if (tid == 63) buf[0] = i;
            threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
            out[tid] = buf[0];
            threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        }
    }
}
