// A tree reduction and a scan in threadgroup memory.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint kWidth = 256;

kernel void reduce_sum(device const float *src [[buffer(0)]],
                       device float *dst [[buffer(1)]],
                       constant uint &count [[buffer(2)]],
                       threadgroup float *scratch [[threadgroup(0)]],
                       uint tid [[thread_position_in_threadgroup]],
                       uint gid [[threadgroup_position_in_grid]],
                       uint lane [[thread_index_in_simdgroup]])
{
    threadgroup float partial[kWidth];
    float acc = 0.0f;
    for (uint i = gid * kWidth + tid; i < count; i += kWidth * 4u) {
        acc += src[i];
    }
    partial[tid] = acc;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint s = kWidth >> 1; s > 0; s >>= 1) {
        if (tid < s) partial[tid] += partial[tid + s];
        threadgroup_barrier(mem_flags::mem_threadgroup);
    }
    if (tid == 0) { dst[gid] = partial[0]; scratch[lane] = simd_sum(acc); }
}

[[kernel]] void scan(device uint *x [[buffer(0)]], ushort2 p [[thread_position_in_grid]]) {
    threadgroup uint tile[2][kWidth + 1];
    uint sel = 0, other = 1;
    tile[sel][p.x] = x[p.y * kWidth + p.x];
    for (ushort d = 1; d < kWidth; d *= 2) {
        threadgroup_barrier(mem_flags::mem_threadgroup | mem_flags::mem_device);
        tile[other][p.x] = tile[sel][p.x] + (p.x >= d ? tile[sel][p.x - d] : 0);
        sel = other, other = 1 - sel;
    }
    x[p.x] = tile[sel][p.x];
}
