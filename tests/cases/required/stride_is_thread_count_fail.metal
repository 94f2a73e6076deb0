// unbarrier: --threadgroup 96
// The same text with 96 threads: threads 0 and 64 share a residue class.
#include <metal_stdlib>
using namespace metal;

kernel void residues(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[256];
    for (uint i = tid; i < 256; i += 64) buf[i] = in[i]; //~ race
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    for (uint i = tid; i < 256; i += 64) out[i] = buf[i] + 1.0f; //~ race
}
