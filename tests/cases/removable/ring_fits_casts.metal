// unbarrier: --threadgroup 64
// A ring counter through casts that hold every value below the modulus: the two stages never meet.
#include <metal_stdlib>
using namespace metal;

kernel void k(device uint* out [[buffer(0)]], device const uint* in [[buffer(1)]], constant uint& n [[buffer(2)]],
              uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint stage[3][64];
    uint slot = 0;
    uint sum = 0;
    for (uint i = 0; i < n; i++) {
        stage[slot][tid] = in[i * 64 + tid];
        threadgroup_barrier(mem_flags::mem_threadgroup); //~ required
        sum += stage[slot][63 - tid];
        slot = (uint)(uchar)((slot + 1) % 3);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup); //~ removable
    out[tid] = sum;
}
