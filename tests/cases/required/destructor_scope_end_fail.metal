// unbarrier: --threadgroup 64
// Objects are destroyed at the end of their block in reverse order.
#include <metal_stdlib>
using namespace metal;

struct Log { thread uint& v; uint digit; ~Log() { v = v * 4u + digit; } };

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    uint v = 0;
    { Log a{v, 1}; Log b{v, 2}; }
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[v] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[9];
    }
}
