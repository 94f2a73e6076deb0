// unbarrier: --threadgroup 64
// The implicit assignment assigns each member by its own operator.
#include <metal_stdlib>
using namespace metal;

struct Cell {
    uint v;
    thread Cell& operator=(thread const Cell& o) thread { v = o.v + 17; return *this; }
};
struct Row { uint w; Cell cells[2]; };

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    Row a, b;
    a.w = 1;
    a.cells[0].v = 2;
    a.cells[1].v = 9;
    b = a;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[b.cells[1].v] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[9];
    }
}
