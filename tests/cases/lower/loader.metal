#include <metal_stdlib>
using namespace metal;

// A struct with pointers, a constructor and methods; a base class; operator overloading.
struct Base {
    uint lane;
    uint twice() const { return lane * 2; }
};

template <typename T, int ROWS>
struct Loader : Base {
    threadgroup T* dst;
    const device T* src;
    const int stride;
    enum { rows = ROWS };

    Loader(const device T* s, int ld, threadgroup T* d, uint l)
        : Base{l}, dst(d + l * ROWS), src(s + l), stride(ld) {}

    void load() const {
        for (int r = 0; r < rows; r++) {
            dst[r] = src[r * stride];
        }
    }
    void next() { src += stride * ROWS; }
};

struct Pair {
    float a, b = 2;
    Pair operator+(Pair o) const { return {a + o.a, b + o.b}; }
    operator float() const { return a * b; }
};

kernel void loader(const device half* in [[buffer(0)]], device float* out [[buffer(1)]],
                   constant int& ld [[buffer(2)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup half tile[32 * 4];
    Loader<half, 4> l(in, ld, tile, tid);
    for (int k = 0; k < ld; k++) {
        l.load();
        threadgroup_barrier(mem_flags::mem_threadgroup);
        out[tid] += float(tile[l.twice()]);
        threadgroup_barrier(mem_flags::mem_threadgroup);
        l.next();
    }
    Pair p{1};
    Pair q = p + Pair{3, 4};
    out[0] = q;
}
