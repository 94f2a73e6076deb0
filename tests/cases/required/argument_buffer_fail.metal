// unbarrier: --threadgroup 64
// Nothing says that the two pointers lead to different memory.
#include <metal_stdlib>
using namespace metal;

struct Args { device uint* from; device uint* to; };
kernel void k(constant Args& a [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    a.to[tid] = 7;
    threadgroup_barrier(mem_flags::mem_device); //~ required
    a.to[tid + 64] = a.from[63 - tid]; //~ race
}
