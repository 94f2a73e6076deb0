// unbarrier: --threadgroup 64
// A default argument is looked up where it stands, and is evaluated at each call ([dcl.fct.default]).
#include <metal_stdlib>
using namespace metal;

constant uint K = 5;
inline uint at(uint v, uint by = K + 1u) { return v + by; }
namespace app { constant uint K = 20; inline uint use() { return at(3u); } }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0) {
        s[app::use()] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    if (tid == 33) {
        out[0] = s[9];
    }
}
