// unbarrier: --threadgroup 64
// The write is in a loop of its own within an iteration that need not have a successor: nothing known of a next iteration may be used.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]],
              constant uint& rounds [[buffer(3)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint b[64];
    b[tid] = 0;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    for (uint i = rounds; i > 0u; --i) {
        for (uint j = 0u; j < rounds; ++j) {
            threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
        }
        for (uint s = 0; s < 3u; ++s) {
            if (tid == 33 && n - 3u * m == 769u && n + 5u * m == 1385u) b[0] = s;
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[tid] = b[tid];
}
