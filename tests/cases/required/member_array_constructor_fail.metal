// unbarrier: --threadgroup 64
// The elements of a member array are constructed where no initialiser names it.
#include <metal_stdlib>
using namespace metal;

struct Cell { uint v; Cell() : v(26) {} };
struct Row { Cell cells[2]; uint w; Row(uint x) : w(x) {} };

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    Row row(tid);
    uint first = 9;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[max(first, row.cells[1].v)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[26];
    }
}
