#include <metal_stdlib>
using namespace metal;

constant float table[4] = {1, 2, 4, 8};
constant constexpr int weights[2][3] = {{1, 2, 3}, {4, 5, 6}};

inline void fill(thread float* p, uint n) {
    for (uint i = 0; i < n; i++) p[i] = float(i);
}
inline void bump(thread uint& x) { x += 1; }
inline void touch(threadgroup half (&t)[4][8], uint r) { t[r][9] = 1; }
inline float sum2(thread const float (&a)[2]) { return a[0] + a[1]; }

kernel void arrays(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup half t[2][4][8];
    touch(t[1], tid);
    threadgroup half* row = &t[0][tid][0];
    row[3] = t[1][2][tid];
    float fixed[2];
    fixed[0] = table[2];
    fixed[1] = weights[1][2];
    float dynamic[4] = {};
    fill(dynamic, 4);
    uint x = tid;
    bump(x);
    thread uint* px = &x;
    *px += 1;
    uint y = 0;
    thread uint* py = tid > 3 ? &x : &y;
    *py = 3;
    array<float, 3> a = {1, 2, 3};
    for (float v : a) out[0] += v;
    out[x] = sum2(fixed) + dynamic[tid & 3] + table[tid] + y;
}
