#include <metal_stdlib>
using namespace metal;

// C = A * B with 16x16 tiles, one element per thread.
kernel void tiled(
    device const half* a [[buffer(0)]],
    device const half* b [[buffer(1)]],
    device float* c [[buffer(2)]],
    constant uint& k_size [[buffer(3)]],
    constant uint& n_size [[buffer(4)]],
    ushort2 lid [[thread_position_in_threadgroup]],
    uint2 gid [[threadgroup_position_in_grid]])
{
    threadgroup half a_tile[16][16];
    threadgroup half b_tile[16][16];
    uint row = gid.y * 16 + lid.y;
    uint col = gid.x * 16 + lid.x;
    float sum = 0.0f;
    for (uint k = 0; k < k_size; k += 16) {
        a_tile[lid.y][lid.x] = a[row * k_size + k + lid.x];
        b_tile[lid.y][lid.x] = b[(k + lid.y) * n_size + col];
        threadgroup_barrier(mem_flags::mem_threadgroup); // A
        for (uint i = 0; i < 16; i++) {
            sum += float(a_tile[lid.y][i]) * float(b_tile[i][lid.x]);
        }
        threadgroup_barrier(mem_flags::mem_threadgroup); // B
    }
    c[row * n_size + col] = sum;
}
