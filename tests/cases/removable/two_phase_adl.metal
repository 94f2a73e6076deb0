// unbarrier: --threadgroup 64
// A dependent call finds by its arguments what is declared after the template.
#include <metal_stdlib>
using namespace metal;

inline uint at(uint v) { return 16; }
template <typename T> inline uint use(T v) { return at(v); }
namespace lib { struct V { uint x; operator uint() const { return x; } }; inline uint at(V v) { return v.x + 31u; } }

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    lib::V v;
    v.x = 2;
    if (tid == 0 && n - 3u * m == 769u && n + 5u * m == 1385u) {
        s[use(v)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[16];
    }
}
