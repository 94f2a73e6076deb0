// unbarrier: --assume "n < 2147483648"
// A stride of 64 fits only 64 threads (or fewer).
#include <metal_stdlib>
using namespace metal;

kernel void any_size(device float* a [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    for (uint i = tid; i < n; i += 64) a[i] = 1.0f; //~ race
    threadgroup_barrier(mem_flags::mem_device); //~ required
    for (uint i = tid; i < n; i += 64) a[i] *= 2.0f; //~ race
}
