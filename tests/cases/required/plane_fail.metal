// unbarrier: --threadgroup 8,8
// A transpose.
#include <metal_stdlib>
using namespace metal;

kernel void plane(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint2 at [[thread_position_in_threadgroup]], uint2 size [[threads_per_threadgroup]]) {
    threadgroup float tile[8][8];
    tile[at.y][at.x] = in[at.y * size.x + at.x];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[at.y * size.x + at.x] = tile[at.x][at.y];
}
