// unbarrier: --threadgroup 64
// Column + 8 stays within a row of 16.
#include <metal_stdlib>
using namespace metal;

kernel void padded(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float tile[8][16];
    const uint row = tid / 8;
    const uint col = tid % 8;
    tile[row][col] = in[tid];
    tile[row][col + 8] = in[tid + 64];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = tile[row][col] - tile[row][col + 8];
}
