// unbarrier: --threadgroup 64
// What a thread wrote before it returned from the helper, and so ended, is ordered before nothing.
#include <metal_stdlib>
using namespace metal;

static void work(device const float* in, device float* out, threadgroup float* buf, uint tid) {
    buf[tid] = in[tid]; //~ race
    if (tid >= 48) return;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[63 - tid]; //~ race
}

kernel void helper_returns_after_writing_fail(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],
                                              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    work(in, out, buf, tid);
}
