// The same with the indices changed round: the closure sees the own one.
#include <metal_stdlib>
using namespace metal;

template <typename... Is>
inline uint before(uint other, Is... is) {
    auto sum = [=]() { return (is + ...); };
    ((is = other), ...);
    return sum();
}

kernel void pack_captured(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[1024];
    s[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = s[before(tid ^ 32u, tid)];
}
