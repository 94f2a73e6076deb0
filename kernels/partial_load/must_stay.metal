// The twin: the first 32 threads load the scales, and all 128 apply them.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint GROUPS = 32;
constant constexpr uint GROUP_SIZE = 16;

static void load_scales(device const half* src, threadgroup half* dst, uint row, uint tid) {
    if (tid < GROUPS) {
        dst[tid] = src[row * GROUPS + tid];
    }
}

kernel void decode_shared(
    device const char* weights [[buffer(0)]],
    device const half* scales [[buffer(1)]],
    device const half* x [[buffer(2)]],
    device float* partial [[buffer(3)]],
    uint row [[threadgroup_position_in_grid]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup half scale_tg[GROUPS];
    threadgroup half row_tg[GROUPS * GROUP_SIZE];

    load_scales(scales, scale_tg, row, tid);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    for (uint i = tid; i < GROUPS * GROUP_SIZE; i += THREADS) {
        const half s = scale_tg[i / GROUP_SIZE];          // loaded by another thread
        row_tg[i] = s * half(weights[row * GROUPS * GROUP_SIZE + i]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable

    // The same mapping as above: each thread reads what it decoded.
    float sum = 0.0f;
    for (uint i = tid; i < GROUPS * GROUP_SIZE; i += THREADS) {
        sum = fma(float(row_tg[i]), float(x[i]), sum);
    }
    partial[row * THREADS + tid] = sum;
}
