#include <metal_stdlib>
using namespace metal;

// Loads on a side that is not taken do not happen; values are taken before later assignments.
kernel void short_circuit(device uint* a [[buffer(0)]], constant uint& n [[buffer(1)]],
                          uint tid [[thread_index_in_threadgroup]]) {
    if (tid < n && a[tid] > 3) a[tid] = 0;
    if (tid == 0 || a[tid - 1] == 1) a[tid] = 1;
    uint x = tid < n ? a[tid + 1] : 7;
    uint y = tid > 4 ? x : 9;
    uint i = 0;
    a[i++] = i + y;
    uint z = i + (i = 5);
    a[++i] = z;
    a[i] += a[i + 1]--;
}
