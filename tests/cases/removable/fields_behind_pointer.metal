// unbarrier: --threadgroup 64
// Fields of a structure behind a pointer to constant memory say how often the loop runs; each thread reads what it wrote.
#include <metal_stdlib>
using namespace metal;

struct Shape {
    uint steps;
    uint rows;
    int64_t stride;
};

kernel void fields_behind_pointer(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant Shape* shape [[buffer(2)]],
               uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    float sum = 0.0f;
    for (uint k = 0; k < shape->steps; ++k) {
        buf[tid] = in[(k * shape->rows + tid) * shape->stride];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
        sum += buf[tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    }
    out[tid] = sum;
}
