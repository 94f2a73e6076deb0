// unbarrier: --threadgroup 64
// The barrier at the end of the first loop body and the one after the loop: the last iteration's barrier is enough.
#include <metal_stdlib>
using namespace metal;

kernel void fill_then_read(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    for (uint j = 0; j < 4; ++j) {
        buf[j * 64 + tid] = in[j * 64 + tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[255 - tid];
}
