// unbarrier: --threadgroup 64
// What a pointer that was read from memory points to is written by another thread.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* data [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    device uint* own[2];
    own[0] = data + tid;
    own[1] = data + 64 + tid;
    *own[tid & 1u] = tid;
    threadgroup_barrier(mem_flags::mem_device); //~ required
    out[tid] = data[63 - tid];
}
