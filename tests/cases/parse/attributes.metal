// Attributes and specifiers in every place.
#include <metal_stdlib>
extern "C" kernel void c_named(device int *p [[buffer(0)]]) {}
extern "C" { int c_function(int); constant int c_value = 1; }
[[host_name("renamed")]] kernel void original(device int *p [[buffer(0)]]) {}
kernel void trailing(device int *p [[buffer(0)]]) [[max_total_threads_per_threadgroup(256)]] {}
[[kernel, max_total_threads_per_threadgroup(64)]] void both(device int *p [[buffer(0), function_constant(flag)]]) {}
kernel [[host_name("inner")]] void after_kernel(uint3 tg [[threadgroup_position_in_grid]], uint3 tpt [[threads_per_threadgroup]]) {}
__attribute__((always_inline)) static inline int gnu(int x) __attribute__((pure)) ;
inline __attribute__((noinline, aligned(4))) int gnu2(int x) { return x; }
METAL_FUNC int mf(int x) { return x; }
METAL_CONST int mc = 3;
[[visible]] int callable(int x) { return x; }
vertex float4 vs(uint vid [[vertex_id]]) { return float4(vid); }
fragment float4 fs(float4 p [[position]]) { return p; }
int air(int) __asm("air.something.i32");
constexpr int quiet(int x) noexcept { return x; }
auto trailing_type(int x) -> decltype(x) { return x; }
struct [[nodiscard]] Attributed { float4 position [[position]]; device float *p [[id(0)]]; texture2d<float> t [[texture(1)]]; };
struct __attribute__((packed)) Gnu { char c; int i; };
using aligned_t [[maybe_unused]] = int;
namespace outer { inline namespace v1 { int in_namespace(); } namespace { int hidden; } }
namespace a::b { using outer::in_namespace; using namespace outer; struct S; }
namespace short_name = outer::v1;
static_assert(true);
_Static_assert(1 < 2, "message");
;
void empty(void) {}
void variadic(int x, ...);
typedef half wide_half __attribute__((ext_vector_type(8)));
using wide_float __attribute__((aligned(16))) = float __attribute__((ext_vector_type(4)));
enum __attribute__((packed)) Small { one, two };
