// Pattern: only some of the threads load, and a barrier follows.
//
// The scales of a group of quantised weights are loaded by the first 32 threads, one each, into threadgroup memory. In this kernel the
// same threads apply them, each its own, so that the barrier after the load has nobody to wait for. The second barrier publishes the
// decoded row to all 128 threads and stays.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint GROUPS = 32;       // groups of a row, one scale each
constant constexpr uint GROUP_SIZE = 16;

static void load_scales(device const half* src, threadgroup half* dst, uint row, uint tid) {
    if (tid < GROUPS) {
        dst[tid] = src[row * GROUPS + tid];
    }
}

kernel void decode_and_dot(
    device const char* weights [[buffer(0)]],     // [rows][GROUPS * GROUP_SIZE]
    device const half* scales [[buffer(1)]],      // [rows][GROUPS]
    device const half* x [[buffer(2)]],           // [GROUPS * GROUP_SIZE]
    device float* partial [[buffer(3)]],          // [rows][THREADS]
    uint row [[threadgroup_position_in_grid]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup half scale_tg[GROUPS];
    threadgroup half row_tg[GROUPS * GROUP_SIZE];

    load_scales(scales, scale_tg, row, tid);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable

    if (tid < GROUPS) {
        const half s = scale_tg[tid];
        for (uint j = 0; j < GROUP_SIZE; ++j) {
            const uint at = tid * GROUP_SIZE + j;
            row_tg[at] = s * half(weights[row * GROUPS * GROUP_SIZE + at]);
        }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required

    float sum = 0.0f;
    for (uint i = tid; i < GROUPS * GROUP_SIZE; i += THREADS) {
        sum = fma(float(row_tg[i]), float(x[i]), sum);
    }
    partial[row * THREADS + tid] = sum;
}
