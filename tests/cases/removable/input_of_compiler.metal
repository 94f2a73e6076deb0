// unbarrier: --threadgroup 64
// The compiler's own names for the inputs of a kernel.
#include <metal_stdlib>
using namespace metal;

uint lane() { return __metal_get_thread_index_in_simdgroup(ushort()); }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]],
              uint group [[simdgroup_index_in_threadgroup]]) {
    threadgroup uint s[64];
    s[group * 32 + lane()] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = s[tid];
}
