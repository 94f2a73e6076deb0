// unbarrier: --threadgroup 64
// One more read after it.
#include <metal_stdlib>
using namespace metal;

kernel void tail(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    out[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_device_and_threadgroup); //~ required
    if (tid == 0) out[64] = out[63];
}
