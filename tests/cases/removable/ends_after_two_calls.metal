// unbarrier: --threadgroup 64
// Both calls of a helper before some threads end are deleted together; every thread reads its own cell.
#include <metal_stdlib>
using namespace metal;

static void sync() {
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
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
    out[tid] = a[tid];
}
