// unbarrier: --threadgroup 64
// A member function may be for an object of one address space.
#include <metal_stdlib>
using namespace metal;

struct Cell { uint x; uint at() const thread { return 15; } uint at() const threadgroup { return 36; } };

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    threadgroup Cell c;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[c.at()] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[15];
    }
}
