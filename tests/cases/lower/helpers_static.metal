#include <metal_stdlib>
using namespace metal;

// Threadgroup variables of helpers: one object per declaration and instance, not per call.
template <typename T>
inline T reduce(T v, uint tid) {
    threadgroup T scratch[32];
    scratch[tid] = v;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    T r = T(0);
    for (uint i = 0; i < 32; i++) r += scratch[i];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    return r;
}

kernel void helpers(device float* out [[buffer(0)]], device int* iout [[buffer(1)]],
                    uint tid [[thread_index_in_threadgroup]]) {
    float a = reduce(1.0f, tid);
    float b = reduce(a, tid);
    iout[tid] = reduce(int(tid), tid);
    out[tid] = a + b;
}
