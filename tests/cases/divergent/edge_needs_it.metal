// unbarrier: --threadgroup 64
// Only at the edge do threads part before the barrier; elsewhere all meet it, and it is needed.
#include <metal_stdlib>
using namespace metal;

kernel void edge_needs_it(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]],
                          uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid]; //~ race
    if (group * 64 + tid < n) {
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ divergent required
        out[tid] = buf[63 - tid]; //~ race
    }
}
