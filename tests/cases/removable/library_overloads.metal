// unbarrier: --threadgroup 64
// A file overloads functions of the library for types of its own: calls with other types mean the library's.
#include <metal_stdlib>
using namespace metal;

struct pair {
    float re, im;
    pair(float a) : re(a), im(0) {}
    pair(float a, float b) : re(a), im(b) {}
};
inline uint64_t simd_shuffle_down(uint64_t data, uint16_t delta) {
    return as_type<uint64_t>(metal::simd_shuffle_down(as_type<uint2>(data), delta));
}
inline bool simd_shuffle_down(bool data, uint16_t delta) { return simd_shuffle_down(static_cast<uint32_t>(data), delta); }
inline pair simd_shuffle_down(pair data, uint16_t delta) {
    return pair(simd_shuffle_down(data.re, delta), simd_shuffle_down(data.im, delta));
}
namespace metal {
inline bfloat max(bfloat a, bfloat b) { return a > b ? a : b; }
} // namespace metal

kernel void k(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    int step = 4;
    pair c = simd_shuffle_down(pair(float(tid), 2.0f), step);
    uint64_t wide = simd_shuffle_down(uint64_t(tid), 8);
    bool b = simd_shuffle_down(tid > 3, step);
    buf[max(tid, 0u)] = c.re + max(c.im, 1.0f) + float(wide) + float(b);
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = buf[tid];
}
