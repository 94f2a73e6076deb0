// The position in the grid, folded into the threadgroup. In the smaller threadgroup at the edge of a grid that is no multiple of the
// threadgroup size, this is not the thread's own place. The executor has no such threadgroups.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* out [[buffer(0)]], uint gid [[thread_position_in_grid]], uint tid [[thread_index_in_threadgroup]],
              uint n [[threads_per_threadgroup]]) {
    threadgroup float buf[1024];
    buf[gid % n] = 1.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[gid] = buf[tid];
}
