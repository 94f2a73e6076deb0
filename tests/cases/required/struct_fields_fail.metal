// unbarrier: --threadgroup 64
// The same field.
#include <metal_stdlib>
using namespace metal;

struct Cell {
    float weight;
    float score;
    uint index;
};
kernel void cells(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup Cell table[64];
    table[63 - tid].score = in[tid];
    table[tid].weight = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = table[63 - tid].weight;
}
