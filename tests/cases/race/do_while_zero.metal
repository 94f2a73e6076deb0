// unbarrier: --threadgroup 128
// A macro of several statements with barriers in it is run once, whatever leaves it early.
#include <metal_stdlib>
using namespace metal;

#define GATHER(value, t, s, result) do { \
    if ((t) % 32 == 0) (s)[(t) / 32] = (value); \
    threadgroup_barrier(mem_flags::mem_threadgroup); \
    if ((t) < 32) { \
        float most = simd_max((t) < 4 ? (s)[t] : 0.0f); \
        if ((t) == 0) (s)[0] = most; \
    } \
    threadgroup_barrier(mem_flags::mem_threadgroup); \
    (result) = (s)[0]; \
} while (0)

kernel void once(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup float s[4];
    float sum = 0.0f;
    for (uint i = 0; i < n; ++i) {
        float r;
        GATHER(out[t] + float(i), t, s, r); //~ required
        sum += r;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    }
    out[t] = sum;
}

// Without a barrier between two of them, the second overwrites what others still read.
kernel void twice(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup float s[4];
    float a, b;
    GATHER(out[t], t, s, a); //~ required race
    GATHER(out[t] * 2.0f, t, s, b); //~ required race
    out[t] = a + b;
}

// `break` and `continue` go to the end of it, past the barrier: by all threads or none.
kernel void left(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup float s[128];
    s[t] = out[t]; //~ race
    do {
        if (n > 3) break;
        if (n > 2) continue;
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    } while (false);
    out[t] = s[127 - t]; //~ race
}
