// The shapes that real kernels use.
#include <metal_stdlib>
#include <metal_simdgroup_matrix>
#include "helper.h"
#include "helper.h"
using namespace metal;
#define TILE 32
#define CEIL_DIV(a, b) (((a) + (b) - 1) / (b))
#define THREADS (TILE * CEIL_DIV(TILE, 4))
#define FOR_UNROLL _Pragma("clang loop unroll(full)") for
#define instantiate(name, type, n) \
  template [[host_name(#name "_" #type "_" #n)]] [[kernel]] void name<type, n>( \
      device type* out [[buffer(0)]], \
      uint tid [[thread_position_in_threadgroup]]);
#define instantiate_all(name, type) \
  instantiate(name, type, 4) \
  instantiate(name, type, 8)
template <typename T, int N>
[[kernel]] void scan(device T* out [[buffer(0)]], uint tid [[thread_position_in_threadgroup]]) {
  threadgroup T tile[THREADS];
  FOR_UNROLL (int i = 0; i < N; ++i) { tile[tid] += HELP(T, i); }
  SYNC();
#if __METAL_VERSION__ >= 310 && defined(__HAVE_BFLOAT__)
  out[tid] = bfloat(tile[tid]);
#elif defined(__METAL__)
  out[tid] = tile[tid];
#endif
}
instantiate_all(scan, float) instantiate_all(scan, half);
