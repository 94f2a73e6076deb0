// unbarrier: --threadgroup 16,16 --assume "M <= 32768 && !(N > 32768)"
// Bounds that are stated keep the product in its type, so that rows of a matrix do not meet.
#include <metal_stdlib>
using namespace metal;

kernel void rows(device float* o [[buffer(0)]], constant uint& M [[buffer(1)]], constant uint& N [[buffer(2)]], uint2 g [[thread_position_in_grid]]) {
    if (g.y < M && g.x < N) o[g.y * N + g.x] = 1.0f;
}
