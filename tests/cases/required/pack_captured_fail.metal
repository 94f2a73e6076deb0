// A closure that copies sees a pack as it was where the closure was made: the neighbour's index, not the own one that is put there afterwards.
#include <metal_stdlib>
using namespace metal;

template <typename... Is>
inline uint before(uint own, Is... is) {
    auto sum = [=]() { return (is + ...); };
    ((is = own), ...);
    return sum();
}

kernel void pack_captured(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[1024];
    s[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = s[before(tid, tid ^ 32u)];
}
