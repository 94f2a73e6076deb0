#include <metal_stdlib>
using namespace metal;

inline uint loop_forever(uint n) { return n == 0 ? 0 : loop_forever(n - 1) + 1; }

kernel void unsupported(device uint* out [[buffer(0)]],
                        texture2d<float, access::write> image [[texture(0)]],
                        uint flags_bits, uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[32];
    s[tid] = 1;
    mystery(s, tid);
    out[0] = pure_mystery(tid);
    out[1] = loop_forever(tid);
    image.write(float4(0), uint2(tid, 0));
    threadgroup_barrier((mem_flags)out[2]);
    goto end;
end:
    out[3] = s[tid];
}

kernel void still_there(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    out[tid] = tid;
}
