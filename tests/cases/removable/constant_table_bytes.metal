// unbarrier: --threadgroup 64
// A table of unsigned bytes with the top bit set, which is masked away.
#include <metal_stdlib>
using namespace metal;

constant uchar order[4] = {0, 64, 192, 128};

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    a[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = a[tid ^ (order[tid & 3] & 63u)];
}
