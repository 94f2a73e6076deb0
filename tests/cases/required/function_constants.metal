// unbarrier: --threadgroup 64
// Which barrier is met, and which cell is read, is up to a function constant: a witness names its value.
#include <metal_stdlib>
using namespace metal;

constant bool mirrored [[function_constant(0)]];

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = a[mirrored ? 63 - tid : tid];
}
