// unbarrier: --threadgroup 64
// At the edge of the grid threads part before a barrier that names no memory, and that nothing needs.
#include <metal_stdlib>
using namespace metal;

kernel void silent_edge(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]],
                        constant uint& steps [[buffer(3)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    uint at = group * 64 + tid;
    float sum = 0.0f;
    if (at < n) {
        for (uint i = 0; i < steps; ++i) {
            threadgroup_barrier(mem_flags::mem_none); //~ divergent removable
            sum += in[i * n + at];
        }
        out[tid] = sum;
    }
}
