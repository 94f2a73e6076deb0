// Macros that build declarations and statements.
#define DECLARE(name, op) \
    kernel void name##_kernel(device float *p [[buffer(0)]], uint i [[thread_position_in_grid]]) { p[i] = p[i] op 2; }
DECLARE(add, +)
DECLARE(mul, *)
#define SYNC() threadgroup_barrier(mem_flags::mem_threadgroup)
#define FOR(i, n) for (int i = 0; i < (n); ++i)
kernel void uses(threadgroup float *s [[threadgroup(0)]]) {
    FOR(a, 4) { s[a] = a; SYNC(); }
    do { SYNC(); } while (0);
}
