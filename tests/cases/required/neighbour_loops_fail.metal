// unbarrier: --threadgroup 64
// One barrier at the head of the body: the last iteration's write comes after it.
#include <metal_stdlib>
using namespace metal;

kernel void fill_then_read(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    for (uint j = 0; j < 4; ++j) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
        buf[j * 64 + tid] = in[j * 64 + tid];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[255 - tid];
}
