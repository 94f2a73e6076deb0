// unbarrier: --threadgroup 64
// Each simdgroup stores and loads an 8x8 tile of its own. Which lane holds which element is unspecified, so that the lanes of the
// simdgroup still have to wait for each other.
#include <metal_stdlib>
using namespace metal;

kernel void tiles(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]], uint sg [[simdgroup_index_in_threadgroup]]) {
    threadgroup float tile[8 * 17];
    simdgroup_float8x8 m;
    simdgroup_load(m, in + sg * 8, 16);
    simdgroup_store(m, tile + sg * 8, 17);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ weakenable
    simdgroup_load(m, tile + sg * 8, 17);
    simdgroup_store(m, out + sg * 64, 8);
}
