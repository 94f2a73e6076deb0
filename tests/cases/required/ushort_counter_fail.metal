// unbarrier: --threadgroup 96 --assume "n == 65500"
// 65500 + 96 > 65535: some threads skip the end, wrap, and walk the elements of others.
#include <metal_stdlib>
using namespace metal;

kernel void narrow(device float* a [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    for (ushort i = tid; i < n; i += 96) a[i] = 1.0f; //~ race
    threadgroup_barrier(mem_flags::mem_device); //~ required
    for (ushort i = tid; i < n; i += 96) a[i] *= 2.0f; //~ race
}
