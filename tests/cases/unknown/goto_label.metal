// unbarrier: --threadgroup 64
// A construct that the tool does not understand: no verdict, and the line is named.
#include <metal_stdlib>
using namespace metal;

kernel void jump(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = in[tid];
    goto done; //~ unsupported
done: //~ unsupported
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ unknown
    out[tid] = buf[tid];
}
