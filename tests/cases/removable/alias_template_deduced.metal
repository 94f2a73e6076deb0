// unbarrier: --threadgroup 64
// What an alias template stands for is what is deduced from: `T` is `short`, and with it the element.
#include <metal_stdlib>
using namespace metal;

constant constexpr int LANES = 4;
template <typename U> using quad = vec<U, LANES>;
template <int N, typename U> struct cell { U x; };
template <typename U> using pair_cell = cell<2, U>;

template <typename T> uint at(thread quad<T>& v, pair_cell<T> c) { return sizeof(T) == 2 ? uint(v.x + c.x) : 40u; }

kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    short4 v = short4(5);
    cell<2, short> c{3};
    if (tid == 0) { s[at(v, c)] = 1; }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    if (tid == 33) { out[0] = s[40]; }
}
