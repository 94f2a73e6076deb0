// unbarrier: --threadgroup 128
// All lanes of a simdgroup agree on whether their index is below a multiple of 32: the barrier is met by each simdgroup as a whole.
#include <metal_stdlib>
using namespace metal;

kernel void simdgroup_of_indices(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[128];
    if (tid < 64) {
        buf[tid] = in[tid];
        simdgroup_barrier(mem_flags::mem_threadgroup); //~ removable
        out[tid] = buf[tid];
    }
}
