// unbarrier: --threadgroup 64
// Signed counters that run down.
#include <metal_stdlib>
using namespace metal;

kernel void down(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    for (int i = 255 - int(tid); i >= 0; i -= 64) buf[i] = in[i];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    for (int i = 255 - int(tid); i >= 0; i -= 64) out[i] = buf[i];
}
