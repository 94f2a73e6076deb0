// unbarrier: --threadgroup 64
// Each thread decides by its own cell of shared memory whether it comes to the barrier.
#include <metal_stdlib>
using namespace metal;

kernel void k(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = in[tid]; //~ race
    if (a[tid] > 3) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required divergent
    }
    out[tid] = a[63 - tid]; //~ race
}
