// unbarrier: --threadgroup 64
// Thread 0 writes, thread 0 reads.
#include <metal_stdlib>
using namespace metal;

kernel void publish(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s;
    if (tid == 0) s = in[0];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 0) out[0] = s;
}
