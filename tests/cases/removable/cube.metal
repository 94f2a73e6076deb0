// unbarrier: --threadgroup 4,4,4
// Three dimensions, one linear slot per thread.
#include <metal_stdlib>
using namespace metal;

kernel void cube(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint3 at [[thread_position_in_threadgroup]]) {
    threadgroup float buf[64];
    const uint slot = at.x + 4 * (at.y + 4 * at.z);
    buf[slot] = in[slot];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[slot] = buf[slot];
}
