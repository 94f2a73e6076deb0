// unbarrier: --threadgroup 64
// Ten rounds of a generator of numbers: coefficients grow far beyond 2^128 and only count modulo 2^32.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint seen[4096];
    uint x = tid + 1;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    x = x * 1664525u + 1013904223u;
    // The next thread's place would be a multiple of 1664525 to the tenth away; this one is nobody's.
    if (n - 3u * m == 769u && n + 5u * m == 1385u) seen[x & 4095u] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = seen[(x + 1664525u) & 4095u];
}
