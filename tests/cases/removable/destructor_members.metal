// unbarrier: --threadgroup 64
// Members are destroyed after the body of the destructor, the last one first.
#include <metal_stdlib>
using namespace metal;

struct Log { thread uint& v; uint digit; ~Log() { v = v * 4u + digit; } };
struct Pair { Log a; Log b; thread uint& v; ~Pair() { v = v + 1u; } };

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint v = 0;
    { Pair p{{v, 2}, {v, 3}, v}; }
    if (tid == 0) {
        s[v] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[27];
    }
}
