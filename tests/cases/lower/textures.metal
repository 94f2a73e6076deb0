// Textures: what only is read is pure, what may be written has accesses of unknown place.
#include <metal_stdlib>
using namespace metal;

static float4 fetch(texture2d<float, access::read_write> t, uint2 at) { return t.read(at); }

kernel void blur(texture2d<float, access::read_write> image [[texture(0)]],
                 texture2d<half> source [[texture(1)]],
                 texture2d<half, access::write> sink [[texture(2)]],
                 depth2d<float, access::read> depth [[texture(3)]],
                 device half4 *colors [[buffer(0)]],
                 uint2 at [[thread_position_in_grid]])
{
    constexpr sampler smooth(filter::linear);
    half4 s = source.sample(smooth, float2(at));
    float d = depth.read(at);
    float4 a = fetch(image, at);
    threadgroup_barrier(mem_flags::mem_texture);
    image.write(a + d, at + 1);
    image.fence();
    sink.write(colors[at.x], at);
    colors[at.y] = s;
}

kernel void counters(texture2d<uint, access::read_write> hits [[texture(0)]],
                     device uint *out [[buffer(0)]], device float4 *v [[buffer(1)]],
                     uint2 at [[thread_position_in_grid]])
{
    hits.atomic_fetch_add(at, uint4(1));
    out[at.x] = pack_float_to_unorm4x8(v[at.y]);
}
