// unbarrier: --threadgroup 64
// The remainder of a negative number is negative: the lower half of the threads writes cells 31 to 62.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[128];
    const int i = int(tid) - 32;
    a[(i % 64) + 63] = 1;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = a[31 + tid];
}
