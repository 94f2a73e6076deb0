// unbarrier: --threadgroup 64
// The access lies between the two instances that are deleted together; the second is the last barrier that the ended threads meet.
#include <metal_stdlib>
using namespace metal;

static void sync() {
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
}

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    sync();
    a[tid] = 1;
    sync();
    if (tid >= 32) {
        return;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = a[63 - tid];
}
