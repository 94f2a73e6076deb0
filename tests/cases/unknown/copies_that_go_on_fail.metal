// unbarrier: --threadgroup 64
// A copy that goes on after its call may touch its memory until the wait for it.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* out [[buffer(0)]], const device float* in [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[64];
    threadgroup float tile[64];
    simdgroup_event e;
    e.async_copy(tile, 64, in, 64); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    s[tid] = 1;
    simdgroup_event::wait(1, &e); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = tile[tid];
}
