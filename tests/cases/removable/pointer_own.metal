// unbarrier: --threadgroup 64
// Each thread reads back the pointer that it stored itself.
#include <metal_stdlib>
using namespace metal;

struct Entry { device uint* at; uint n; };
kernel void k(device uint* data [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup Entry table[64];
    table[tid].at = data + tid * 4;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (table[tid].at != nullptr) out[tid] = 1;
}
