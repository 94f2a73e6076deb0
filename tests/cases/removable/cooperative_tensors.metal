// unbarrier: --threadgroup 64
// Operations on cooperative tensors are not understood; they touch registers only.
#include <metal_stdlib>
using namespace metal;

template <typename T> void multiply(thread vec<T, 8>& c, const thread vec<T, 8>& a) {
    constexpr auto desc = mpp::tensor_ops::matmul2d_descriptor(16, 32, 16, false, false, true,
        mpp::tensor_ops::matmul2d_descriptor::mode::multiply_accumulate);
    mpp::tensor_ops::matmul2d<desc, metal::execution_simdgroup> op;
    auto left = op.template get_left_input_cooperative_tensor<T, T, T>();
    auto right = op.template get_right_input_cooperative_tensor<T, T, T>();
    auto sum = op.template get_destination_cooperative_tensor<decltype(left), decltype(right), T>();
    for (ushort i = 0; i < 8; i++) { left[i] = a[i]; right[i] = a[i]; sum[i] = c[i]; }
    op.run(left, right, sum); //~ unsupported
    for (ushort i = 0; i < 8; i++) { c[i] = sum[i]; }
}

kernel void k(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[64];
    vec<float, 8> a, c;
    for (ushort i = 0; i < 8; i++) { a[i] = 1; c[i] = 0; }
    multiply(c, a);
    s[tid] = c[0];
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = s[tid] + c[1];
}
