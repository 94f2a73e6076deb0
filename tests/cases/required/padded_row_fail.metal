// unbarrier: --threadgroup 64
// In rows of 8 (and one spare row at the end), column + 8 is the next row.
#include <metal_stdlib>
using namespace metal;

kernel void padded(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float tile[9][8];
    const uint row = tid / 8;
    const uint col = tid % 8;
    tile[row][col] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = tile[row][col] - tile[row][col + 8];
}
