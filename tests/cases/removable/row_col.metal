// unbarrier: --threadgroup 64
// Row and column by division and remainder; the same ones in both phases.
#include <metal_stdlib>
using namespace metal;

kernel void rows(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float tile[16][16];
    const uint row = tid / 16;
    const uint col = tid % 16;
    for (uint r = row; r < 16; r += 4) tile[r][col] = in[r * 16 + col];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    for (uint r = row; r < 16; r += 4) out[r * 16 + col] = tile[r][col];
}
