// unbarrier: --threadgroup 64
// An operation on tensors touches the memory that tensors were made of.
#include <metal_stdlib>
using namespace metal;

kernel void k(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[64];
    threadgroup float tile[256];
    tensor<threadgroup float, dextents<int, 2>, tensor_inline> a(tile, dextents<int, 2>(16, 16));
    mpp::tensor_ops::matmul2d<mpp::tensor_ops::matmul2d_descriptor(16, 16, 16), execution_simdgroup> op;
    s[tid] = 1;
    auto part = a.slice(0, 0);
    op.run(part, part, part); //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = s[tid];
}
