// unbarrier: --threadgroup 64
// The position in the grid, folded into the threadgroup: the own place, since every threadgroup has this size.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* out [[buffer(0)]], uint gid [[thread_position_in_grid]], uint tid [[thread_index_in_threadgroup]],
              uint n [[threads_per_threadgroup]]) {
    threadgroup float buf[1024];
    buf[gid % n] = 1.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[gid] = buf[tid];
}
