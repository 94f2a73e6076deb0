// unbarrier: --threadgroup 64
// A return destroys what was constructed up to it, and no more.
#include <metal_stdlib>
using namespace metal;

struct Log { thread uint& v; uint digit; ~Log() { v = v * 4u + digit; } };
inline void early(thread uint& v, bool stop) {
    Log a{v, 2};
    if (stop) {
        return;
    }
    Log b{v, 3};
}

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint v = 0;
    early(v, true);
    early(v, false);
    if (tid == 0) {
        s[v] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[14];
    }
}
