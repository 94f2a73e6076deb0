// unbarrier: --assume "n < 2147483648"
// No threadgroup size: the stride is the number of threads, whatever it is.
#include <metal_stdlib>
using namespace metal;

kernel void any_size(device float* a [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]], uint threads [[threads_per_threadgroup]]) {
    for (uint i = tid; i < n; i += threads) a[i] = 1.0f;
    threadgroup_barrier(mem_flags::mem_device); //~ removable
    for (uint i = tid; i < n; i += threads) a[i] *= 2.0f;
}
