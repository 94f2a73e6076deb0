// unbarrier: --threadgroup 64
// As silent_edge.metal, but what stands around the barrier meets at one byte: it names no memory, yet it may be there for it.
#include <metal_stdlib>
using namespace metal;

kernel void silent_edge_fail(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]],
                             constant uint& steps [[buffer(3)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    threadgroup float buf[64];
    uint at = group * 64 + tid;
    if (at < n) {
        buf[tid] = in[at]; //~ race
        threadgroup_barrier(mem_flags::mem_none); //~ divergent unknown
        out[tid] = buf[63 - tid]; //~ race
    }
}
