#include <metal_stdlib>
using namespace metal;

constant constexpr uint TILE = 16;
enum Mode { Fast, Slow = 5, Slower };
enum class Kind : ushort { A = 2, B };
constexpr uint log2_of(uint x) {
    uint r = 0;
    while (x > 1) { x >>= 1; r++; }
    return r;
}
namespace cfg {
constant constexpr int depth = TILE / 4;
namespace inner { constant constexpr int depth = cfg::depth + 1; }
}
static_assert(TILE == 16, "tile");

kernel void constants(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float s[log2_of(TILE) * cfg::inner::depth];
    s[0] = Slower + uint(Kind::B) + numeric_limits<short>::max();
    const float h = 0.1h;
    out[0] = h + M_PI_F + -INFINITY;
    out[1] = (TILE > 8 ? 1.5f : s[3]) + float(half(0.1f));
    const uint n = TILE * 2;
    for (uint i = tid; i < n; i += TILE) out[i] = clamp(float(i), 0.0f, 3.0f);
}
