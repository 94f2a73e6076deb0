// Positions lie below the sizes of the grid, so the guards are never met.
#include <metal_stdlib>
using namespace metal;

kernel void grid_bounds(device float* out [[buffer(0)]],
                        uint2 id [[thread_position_in_grid]],
                        uint2 size [[threads_per_grid]],
                        uint2 group [[threadgroup_position_in_grid]],
                        uint2 groups [[threadgroups_per_grid]],
                        uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[1024];
    s[tid] = out[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (id.x >= size.x || group.y >= groups.y) {
        s[0] = 0.0f;
    }
    out[tid] = s[tid];
}
