// unbarrier: --threadgroup 64
// A name of a template that does not depend is bound where the template stands; later overloads do not count ([temp.nondep]).
#include <metal_stdlib>
using namespace metal;

inline uint at(float v) { return 16; }
template <typename T> inline uint use(T v) { return at(1u) + uint(v); }
inline uint at(uint v) { return 28; }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0) {
        s[use(2u)] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[30];
    }
}
