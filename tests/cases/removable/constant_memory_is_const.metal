// unbarrier: --threadgroup 64
// What lies in constant memory binds to `constant T&` and `constant T*`, one of several overloads or not.
#include <metal_stdlib>
using namespace metal;

struct reader {
    uint operator()(constant uint& n, uint t) { return n * 0u + 8u + t; }
    uint operator()(constant uint& n, constant uint* p, uint t) { return this->operator()(n, t) + 0u * p[0]; }
};

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint* p [[buffer(2)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[128];
    reader r;
    s[r(n, p, tid)] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = s[tid + 8];
}
