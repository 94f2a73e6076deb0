// unbarrier: --threadgroup 64
// The flag is at one address, but a thread writes it while the others read it: they need not agree on the barrier.
#include <metal_stdlib>
using namespace metal;

kernel void k(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    if (tid == 0) {
        out[64] = in[0]; //~ race
    }
    const bool meet = out[64] > 3; //~ race
    a[tid] = tid; //~ race
    if (meet) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required divergent
    }
    out[tid] = a[63 - tid]; //~ race
}
