#include <metal_stdlib>
using namespace metal;

// A pointer that selects and swaps two objects; a pointer walk over one object.
kernel void double_buffer(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],
                          constant uint& n [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float a[32];
    threadgroup float b[32];
    threadgroup float* cur = a;
    threadgroup float* next = b;
    device const float* p = in + tid;
    for (uint i = 0; i < n; i++) {
        cur[tid] = *p;
        p += 32;
        threadgroup_barrier(mem_flags::mem_threadgroup);
        out[tid] += cur[31 - tid];
        threadgroup float* t = cur;
        cur = next;
        next = t;
    }
    threadgroup float* pick = (n & 1) ? a : b;
    out[tid] += pick[0] + (p - in);
}
