// unbarrier: --threadgroup 64
// A thread that returns from the helper goes on to another barrier: it has not ended, and the one in the helper waits for it.
#include <metal_stdlib>
using namespace metal;

static void work(device const float* in, threadgroup float* buf, uint n, uint tid) {
    buf[tid] = in[tid];
    if (tid >= n) return;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ divergent unknown
    buf[tid] += 1.0f;
}

kernel void helper_returns_to_barrier(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]],
                                      uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    work(in, buf, n, tid);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[63 - tid];
}
