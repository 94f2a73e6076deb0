// A closure that copies sees a pack as it was where the closure was made: the elements that are read are others after the change.
#include <metal_stdlib>
using namespace metal;

template <typename... Is>
inline uint shifted(Is... is) {
    auto sum = [=]() { return (is + ...); };
    ((is = 0u), ...);
    return sum();
}

kernel void pack_captured(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[128];
    s[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = s[shifted(tid, 1u) % 128u];
}
