// unbarrier: --threadgroup 96 --assume "n < 4294967000"
// Thread t touches t, t + 96, t + 192, … in both loops. The bound on n keeps the counter from wrapping.
#include <metal_stdlib>
using namespace metal;

kernel void strided(device float* a [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    for (uint i = tid; i < n; i += 96) a[i] = 1.0f;
    threadgroup_barrier(mem_flags::mem_device); //~ removable
    for (uint i = tid; i < n; i += 96) a[i] *= 2.0f;
}
