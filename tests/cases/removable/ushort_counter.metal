// unbarrier: --threadgroup 96 --assume "n <= 65000"
// A 16-bit counter that stays below 2^16.
#include <metal_stdlib>
using namespace metal;

kernel void narrow(device float* a [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    for (ushort i = tid; i < n; i += 96) a[i] = 1.0f;
    threadgroup_barrier(mem_flags::mem_device); //~ removable
    for (ushort i = tid; i < n; i += 96) a[i] *= 2.0f;
}
