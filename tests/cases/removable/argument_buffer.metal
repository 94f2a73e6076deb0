// unbarrier: --threadgroup 64 --assume-distinct-pointers
// Two pointers of an argument buffer, which lead to memory of their own by assumption.
#include <metal_stdlib>
using namespace metal;

struct Args { device uint* from; device uint* to; };
kernel void k(constant Args& a [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    a.to[tid] = 7;
    threadgroup_barrier(mem_flags::mem_device); //~ removable
    a.to[tid] += a.from[63 - tid];
}
