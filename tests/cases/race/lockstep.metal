// unbarrier: --threadgroup 64
// A simdgroup does not run in lockstep: a read of the neighbour's element needs a barrier.
#include <metal_stdlib>
using namespace metal;

kernel void neighbour(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid]; //~ race
    out[tid] = buf[tid ^ 1]; //~ race
}
