// unbarrier: --threadgroup 64
// A using-directive makes names appear as if declared in the nearest enclosing namespace of both ([namespace.udir]): the name of the inner namespace hides them.
#include <metal_stdlib>
using namespace metal;

namespace far { constant uint K = 5; }
namespace app {
constant uint K = 9;
namespace inner {
using namespace far;
inline uint at() { return K; }
}
}

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    if (tid == 0) {
        s[app::inner::at()] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) {
        out[0] = s[5];
    }
}
