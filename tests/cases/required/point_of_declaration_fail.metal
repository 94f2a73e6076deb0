// unbarrier: --threadgroup 64
// A name is declared from its declarator on: what is declared later is not seen, the initialiser of a hidden name is.
#include <metal_stdlib>
using namespace metal;

inline uint at(float v) { return 18; }
inline uint early(uint v) { return at(v); }
inline uint at(uint v) { return 29; }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[early(2u)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[18];
    }
}
