// unbarrier: --threadgroup 64
// Two stores by different simdgroups into neighbouring column blocks, and no read.
#include <metal_stdlib>
using namespace metal;

kernel void tiles(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]], uint sg [[simdgroup_index_in_threadgroup]]) {
    simdgroup_float8x8 m;
    simdgroup_load(m, in + sg * 64, 8);
    if (sg == 0) simdgroup_store(m, out, 16);
    threadgroup_barrier(mem_flags::mem_device); //~ removable
    if (sg == 1) simdgroup_store(m, out + 8, 16);
}
