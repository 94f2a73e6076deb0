#include <metal_stdlib>
using namespace metal;

// Flags are combined and passed as template and ordinary constants; each inlined barrier is its own.
template <int K>
inline void step(threadgroup float* s, uint i, mem_flags f) {
    s[i + K] = float(K);
    threadgroup_barrier(f);
}

kernel void barriers(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]],
                     uint tid [[thread_index_in_threadgroup]],
                     uint3 tg [[threads_per_threadgroup]]) {
    threadgroup float s[64];
    step<0>(s, tid, mem_flags::mem_threadgroup);
    for (uint i = 0; i < n; i++) {
        step<32>(s, tid, mem_flags::mem_threadgroup | mem_flags::mem_device);
        simdgroup_barrier(mem_flags::mem_none);
    }
    constexpr mem_flags both = mem_flags::mem_device | mem_flags::mem_threadgroup;
    threadgroup_barrier(both);
    out[tid] = s[tid] + float(tg.y);
}
