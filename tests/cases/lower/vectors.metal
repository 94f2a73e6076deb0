#include <metal_stdlib>
using namespace metal;

struct Item {
    uchar tag;
    float3 v;
    packed_float3 p;
    half2 h[2];
};

kernel void vectors(device Item* items [[buffer(0)]], device float4* out [[buffer(1)]],
                    constant float3x3& m [[buffer(2)]], uint2 gid [[thread_position_in_grid]]) {
    uint i = gid.x;
    float3 v = items[i].v;
    float3 q = items[i].p;
    items[i].p.z = v.x;
    items[i].h[1].y = half(q.y);
    out[i].xz = v.yx * 2;
    out[i][gid.y & 3] = dot(v, q);
    float4 w = float4(v, 1);
    w.wzyx = w;
    w[gid.y & 3] += 1.0f;
    bool4 c = w > 0.5f;
    out[i + 1] = select(w, float4(0), c);
    float3 r = m * v;
    out[i + 2] = any(c) ? float4(r, w.w) : w;
    Item copy = items[i];
    items[i + 1] = copy;
}
