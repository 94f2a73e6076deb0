// The last thread of a row of the grid meets the guard; so does a threadgroup that is the last one.
#include <metal_stdlib>
using namespace metal;

kernel void grid_bounds_fail(device float* out [[buffer(0)]],
                      uint2 id [[thread_position_in_grid]],
                      uint2 size [[threads_per_grid]],
                      uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[1024];
    s[tid] = out[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    float x = s[tid];
    if (id.x + 1 >= size.x) {
        x = s[0];
    }
    out[tid] = x;
}

kernel void grid_last(device float* out [[buffer(0)]],
                      uint group [[threadgroup_position_in_grid]],
                      uint groups [[threadgroups_per_grid]],
                      uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[1024];
    s[tid] = out[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    float x = s[tid];
    if (group + 1 >= groups) {
        x = s[0];
    }
    out[tid] = x;
}
