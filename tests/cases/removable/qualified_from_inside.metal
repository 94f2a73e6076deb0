// unbarrier: --threadgroup 64
// The first name of a qualified name is looked up from where it stands; a namespace further out with the same ending is not meant.
#include <metal_stdlib>
using namespace metal;

namespace lib { constant uint K = 3; }
namespace app {
namespace lib { constant uint K = 14; }
inline uint near() { return lib::K; }
inline uint far() { return ::lib::K; }
}

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0) {
        s[app::far()] = 1;
        s[app::near() + 20u] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[14];
    }
}
