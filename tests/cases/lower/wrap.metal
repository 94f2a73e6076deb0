#include <metal_stdlib>
using namespace metal;

// Widths: uint wraps at 2^32, short promotes to int, size_t is 64 bits, comparisons mix signs.
kernel void wrap(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]],
                 constant short& k [[buffer(2)]], ushort t [[thread_index_in_threadgroup]]) {
    uint i = t;
    out[i * n + 1] = 1u;
    size_t far = (size_t)n * n;
    out[far] = k + k;
    int s = k;
    out[s - 1] = s < n;
    char c = (char)300;
    out[c] = (uchar)(c + 200);
    out[1u << k] = 0x80000000 >> 31;
    out[i] = (-1 > 0u) + sizeof(float3) + alignof(half4) + 5 / 2 - 7 % 4;
}
