// unbarrier: --threadgroup 64
// As helper_returns_early.metal, but a neighbour's element is read.
#include <metal_stdlib>
using namespace metal;

static void work(device const float* in, device float* out, threadgroup float* buf, uint n, uint tid) {
    if (tid >= n) return;
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[n - 1 - tid];
}

kernel void helper_returns_early_fail(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]],
                                      uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    work(in, out, buf, n, tid);
}
