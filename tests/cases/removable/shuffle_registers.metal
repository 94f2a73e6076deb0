// unbarrier: --threadgroup 64
// A shuffle moves registers; it needs no barrier.
#include <metal_stdlib>
using namespace metal;

kernel void shuffle(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    const float x = in[tid];
    const float y = simd_shuffle_xor(x, 1);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = x + y;
}
