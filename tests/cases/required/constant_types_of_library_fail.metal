// unbarrier: --threadgroup 64
// `true_type` and `false_type` are types of their own: an overload is chosen by them, and their value is a constant.
#include <metal_stdlib>
using namespace metal;

template <bool b> uint at(bool_constant<b>) { return b ? 8u : 40u; }
uint second(true_type) { return 8u; }
uint second(false_type) { return 40u; }
template <typename F> void dispatch(bool v, F f) { if (v) { f(true_type{}); } else { f(false_type{}); } }

kernel void k(device uint* out [[buffer(0)]], constant bool& p [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    dispatch(p, [&](auto b) {
        if (tid == 0) { s[at(integral_constant<bool, true>{})] = 1; }
        if (tid == 1) { s[second(b) + (b.value ? 1u : 2u)] = 1; }
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        if (tid == 33) { out[0] = s[b ? 40 : 8 + 1] + s[b ? 9 : 10]; }
    });
}
