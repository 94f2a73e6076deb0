// A constant that is computed from function constants: for one value the thread reads another element.
#include <metal_stdlib>
using namespace metal;

constant uint width [[function_constant(0)]];
constant bool has_width = is_function_constant_defined(width);
constant uint stride = has_width ? width : 4;

kernel void k(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[1024];
    uint at = stride > 8 ? tid : 1023 - tid;
    buf[at] = 1.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
    out[tid] = buf[stride >= 10 ? tid : 1023 - tid];
}
