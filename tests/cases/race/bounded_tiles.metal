// unbarrier: --threadgroup 128 --assume "M <= 32768" --assume "N <= 32768"
// Tiles of a matrix that threads fill with a stride.
#include <metal_stdlib>
using namespace metal;

kernel void tiles(device float* o [[buffer(0)]], constant uint& M [[buffer(1)]], constant uint& N [[buffer(2)]], uint2 group [[threadgroup_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
    for (uint i = t; i < 64 * 64; i += 128) {
        uint row = group.y * 64 + i / 64, column = group.x * 64 + i % 64;
        if (row < M && column < N) o[row * N + column] = 1.0f;
    }
}
