// unbarrier: --threadgroup 16,16 --assume "M <= 32768 && !(N > 32768)"
// Bounds that are stated keep the product in its type, so that rows of a matrix do not meet: each thread reads what it wrote.
#include <metal_stdlib>
using namespace metal;

kernel void rows(device float* o [[buffer(0)]], device float* p [[buffer(1)]], constant uint& M [[buffer(2)]], constant uint& N [[buffer(3)]], uint2 g [[thread_position_in_grid]]) {
    if (g.y < M && g.x < N) o[g.y * N + g.x] = 1.0f;
    threadgroup_barrier(mem_flags::mem_device); //~ removable
    if (g.y < M && g.x < N) p[g.y * N + g.x] = o[g.y * N + g.x];
}
