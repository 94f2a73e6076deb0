// unbarrier: --threadgroup 64
// The flag is volatile, so that every load looks at memory. What is loaded from memory that is raced for counts as unknown all the same:
// there is an assignment in which a thread goes on, and no execution.
#include <metal_stdlib>
using namespace metal;

kernel void k(volatile device uint* stop [[buffer(0)]],
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
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
        if (stop[0] != 0) { //~ race
            return;
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    }
}
