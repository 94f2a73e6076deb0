#include <metal_stdlib>
using namespace metal;

constant bool use_bias [[function_constant(0)]];
constant uint width [[function_constant(1)]];

struct Inner { ushort a; float b; };
struct Args {
    uint n;
    uint dims[3];
    Inner inner;
    bool flag;
    float2 scale;
    device float* data;
};

kernel void params(constant Args& args [[buffer(0)]], constant uint* extra [[buffer(1)]],
                   device float* out [[buffer(2)]], threadgroup float* scratch [[threadgroup(0)]],
                   texture2d<float, access::read> image [[texture(0)]],
                   uint3 gid [[thread_position_in_grid]],
                   ushort2 lid [[thread_position_in_threadgroup]],
                   uint lane [[thread_index_in_simdgroup]],
                   uint width_of_simd [[thread_execution_width]]) {
    scratch[lid.y * args.dims[1] + lid.x] = args.inner.b * args.scale.y;
    if (use_bias && args.flag) out[gid.z] = args.data[extra[lane]];
    if (is_function_constant_defined(width)) out[0] = width;
    out[1] = image.read(gid.xy).x;
    if (out != nullptr) out[2] = width_of_simd;
}
