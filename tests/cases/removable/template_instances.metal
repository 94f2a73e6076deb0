// unbarrier: --threadgroup 64
// Two instances of a kernel template; both shift by a multiple of the array's length.
#include <metal_stdlib>
using namespace metal;

template <typename T, uint SHIFT>
kernel void shifted(device const T* in [[buffer(0)]], device T* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup T buf[64];
    buf[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[(tid + SHIFT) % 64];
}
template [[host_name("shift_f0")]] kernel void shifted<float, 0>(device const float*, device float*, uint);
template [[host_name("shift_h64")]] kernel void shifted<half, 64>(device const half*, device half*, uint);
