// unbarrier: --threadgroup 64
// Each thread reads the pointer of another.
#include <metal_stdlib>
using namespace metal;

struct Entry { device uint* at; uint n; };
kernel void k(device uint* data [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup Entry table[64];
    table[tid].at = data + tid * 4;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (table[63 - tid].at != nullptr) out[tid] = 1;
}
