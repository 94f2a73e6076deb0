// unbarrier: --threadgroup 64
// A texture is written, then an atomic tells others.
#include <metal_stdlib>
using namespace metal;

kernel void k(texture2d<uint, access::write> image [[texture(0)]], device atomic_uint* ready [[buffer(0)]], uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    image.write(uint4(tid), uint2(tid, group)); //~ race
    threadgroup_barrier(mem_flags::mem_texture); //~ unknown
    if (tid == 0) {
        atomic_store_explicit(&ready[group], 1u, memory_order_relaxed);
    }
}
