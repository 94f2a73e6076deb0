// unbarrier: --threadgroup 96
// No bound on n: near 2^32 the counter wraps, and 96 does not divide 2^32, so that a thread comes back on the
// elements of another. The loops race with themselves, too.
#include <metal_stdlib>
using namespace metal;

kernel void strided(device float* a [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    for (uint i = tid; i < n; i += 96) a[i] = 1.0f; //~ race
    threadgroup_barrier(mem_flags::mem_device); //~ required
    for (uint i = tid; i < n; i += 96) a[i] *= 2.0f; //~ race
}
