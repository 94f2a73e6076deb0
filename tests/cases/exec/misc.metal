#include <metal_stdlib>
using namespace metal;

kernel void divergent(
    device uint* out [[buffer(0)]],
    uint tid [[thread_index_in_threadgroup]])
{
    if (tid < 3) {
        threadgroup_barrier(mem_flags::mem_threadgroup);
    } else {
        threadgroup_barrier(mem_flags::mem_device);
    }
    out[tid] = tid;
}

kernel void out_of_bounds(
    device int* out [[buffer(0)]],
    constant int& shift [[buffer(1)]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup int tile[8];
    tile[int(tid) - shift] = 1;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = tile[tid] / (shift - 1);
}

kernel void endless(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]])
{
    while (out[0] < 100) {
        out[tid + 1] = 1;
    }
}

kernel void wrong_flags(
    device uint* out [[buffer(0)]],
    uint tid [[thread_index_in_threadgroup]],
    uint size [[threads_per_threadgroup]])
{
    threadgroup uint tile[64];
    tile[tid] = tid;
    threadgroup_barrier(mem_flags::mem_none);
    out[tid] = tile[size - 1 - tid];
}

kernel void lockstep(
    device uint* out [[buffer(0)]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup uint tile[64];
    tile[tid] = tid;
    simdgroup_barrier(mem_flags::mem_threadgroup); // S
    out[tid] = tile[tid ^ 1];
}

// A lock that hands out turns: what a thread writes depends on who came first.
kernel void turns(
    device uint* out [[buffer(0)]],
    uint tid [[thread_index_in_threadgroup]])
{
    threadgroup atomic_uint next;
    threadgroup uint cell;
    if (tid == 0) {
        atomic_store_explicit(&next, 0u, memory_order_relaxed);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint turn = atomic_fetch_add_explicit(&next, 1u, memory_order_relaxed);
    if (turn == 1 && tid == 0) {
        cell = tid;
    }
    if (turn == 0 && tid == 1) {
        cell = tid;
    }
    out[tid] = turn;
}

kernel void shuffles(
    device uint* out [[buffer(0)]],
    uint tid [[thread_index_in_threadgroup]])
{
    uint v = tid * 10;
    out[tid * 8 + 0] = simd_shuffle_xor(v, ushort(1));
    out[tid * 8 + 1] = simd_shuffle_up(v, ushort(1));
    out[tid * 8 + 2] = simd_shuffle_down(v, ushort(1));
    out[tid * 8 + 3] = simd_prefix_exclusive_sum(v);
    out[tid * 8 + 4] = simd_broadcast(v, ushort(2));
    out[tid * 8 + 5] = quad_broadcast(v, ushort(3));
    out[tid * 8 + 6] = simd_max(v);
    uint d = 0;
    if (tid & 1) {
        d = simd_sum(v);
    }
    out[tid * 8 + 7] = d;
}
