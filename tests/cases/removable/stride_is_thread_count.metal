// unbarrier: --threadgroup 64
// As many threads as the stride: each has a residue class of its own.
#include <metal_stdlib>
using namespace metal;

kernel void residues(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    for (uint i = tid; i < 256; i += 64) buf[i] = in[i];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    for (uint i = tid; i < 256; i += 64) out[i] = buf[i] + 1.0f;
}
