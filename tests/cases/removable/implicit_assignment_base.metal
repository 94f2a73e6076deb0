// unbarrier: --threadgroup 64
// The implicit assignment of a derived class hides the operator of its base.
#include <metal_stdlib>
using namespace metal;

struct Base {
    uint v;
    thread Base& operator=(thread const Base& o) thread { v = o.v; return *this; }
};
struct Row : Base { uint w; };

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    Row a, b;
    a.v = 1;
    a.w = 26;
    b.v = 2;
    b.w = 9;
    b = a;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[b.w] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[9];
    }
}
