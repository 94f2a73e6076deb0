#include <metal_stdlib>
using namespace metal;

union Bits {
    uint u;
    uchar b[4];
    float f;
};

kernel void reinterpret(device half* data [[buffer(0)]], device uint* out [[buffer(1)]],
                        uint tid [[thread_index_in_threadgroup]]) {
    threadgroup half tile[64];
    *(threadgroup uint*)&tile[tid * 2] = out[tid];
    half4 v = *(device const half4*)(data + tid * 4);
    *((device half4*)(data + 64) + tid) = v * 2;
    Bits x;
    x.f = float(v.x);
    out[0] = x.b[tid & 3];
    out[1] = x.u;
    uint2 w = as_type<uint2>(v);
    out[2] = w.x ^ w.y;
    ushort4 s = as_type<ushort4>(w);
    out[3] = s.z + popcount(out[4]) + extract_bits(out[5], 3u, 4u) + mulhi(w.x, w.y);
}
