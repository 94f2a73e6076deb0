// unbarrier: --threadgroup 64
// Two calls of the same helpers race at the same two lines. That the first was found must not hide
// that the second load may differ between threads, too, and with it who comes to the barrier.
#include <metal_stdlib>
using namespace metal;

void put(threadgroup uint* flag, uint v, uint tid) {
    if (tid == 0) {
        flag[0] = v; //~ race
    }
}
uint get(threadgroup uint* flag) {
    return flag[0]; //~ race
}
kernel void twice(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint flag[1];
    put(flag, in[0], tid);
    out[tid] = get(flag);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    put(flag, in[1], tid);
    uint b = get(flag);
    if (b == 3) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown divergent
    }
    out[64 + tid] = b;
}
