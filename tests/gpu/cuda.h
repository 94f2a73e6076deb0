// The stand-in for Metal's headers on an NVIDIA GPU, for Clang as CUDA (device code only, no CUDA headers). Included before every kernel's text.
//
// The types and functions are those of `confirm` (src/confirm/standin). Here: what threads do together. threadgroup_barrier is bar.sync,
// simdgroup_barrier is bar.warp.sync, lanes are exchanged by shfl.sync, which orders no memory. A barrier is deleted, or made a simdgroup barrier, at
// run time by its line (in whichever file), so that one program serves all variants. Where `jitter` is set, threads wait for a pseudo-random time
// where a deleted barrier was: they would seldom drift apart by themselves.
//
// A lane exchange is made by the lanes that are active together (activemask). For exchanges under thread-dependent control flow, which lanes that
// are is the hardware's choice, as it is on Apple's.
#pragma once
#pragma clang force_cuda_host_device begin

// Functions for which this target has no instruction, from the approximations that it has.
#define UB_ASM __attribute__((always_inline)) inline
UB_ASM float ub_ex2(float x) { float r; __asm__("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
UB_ASM float ub_lg2(float x) { float r; __asm__("lg2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
UB_ASM float ub_sin(float x) { float r; __asm__("sin.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
UB_ASM float ub_cos(float x) { float r; __asm__("cos.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
UB_ASM float ub_exp(float x) { return ub_ex2(x * 1.44269504088896340736f); }
UB_ASM float ub_log(float x) { return ub_lg2(x) * 0.69314718055994530942f; }
UB_ASM float ub_pow(float x, float y) {
    const float m = ub_ex2(y * ub_lg2(x < 0 ? -x : x)), whole = __builtin_truncf(y);
    if (y == 0) return 1;
    if (x == 0) return y > 0 ? 0.0f : __builtin_inff();
    if (x > 0) return m;
    return whole != y ? __builtin_nanf("") : whole * 0.5f == __builtin_truncf(whole * 0.5f) ? m : -m;
}
UB_ASM float ub_tanh(float x) { const float e = ub_exp(-2 * (x < 0 ? -x : x)), t = (1 - e) / (1 + e); return x < 0 ? -t : t; }
UB_ASM float ub_atan(float x) {
    const float a = x < 0 ? -x : x, z = a > 1 ? 1 / a : a, q = z * z;
    const float p = z * (0.99997726f + q * (-0.33262347f + q * (0.19354346f + q * (-0.11643287f + q * (0.05265332f - q * 0.01172120f)))));
    const float r = a > 1 ? 1.57079632679f - p : p;
    return x < 0 ? -r : r;
}
UB_ASM float ub_atan2(float y, float x) {
    const float r = ub_atan(y / x);
    return x > 0 ? r : x < 0 ? (y < 0 ? r - 3.14159265359f : r + 3.14159265359f) : y > 0 ? 1.57079632679f : y < 0 ? -1.57079632679f : 0.0f;
}
#define __builtin_expf ub_exp
#define __builtin_exp2f ub_ex2
#define __builtin_logf ub_log
#define __builtin_log2f ub_lg2
#define __builtin_log10f(x) (ub_lg2(x) * 0.30102999566398119521f)
#define __builtin_powf ub_pow
#define __builtin_sinf ub_sin
#define __builtin_cosf ub_cos
#define __builtin_tanf(x) (ub_sin(x) / ub_cos(x))
#define __builtin_sinhf(x) ((ub_exp(x) - ub_exp(-(x))) * 0.5f)
#define __builtin_coshf(x) ((ub_exp(x) + ub_exp(-(x))) * 0.5f)
#define __builtin_tanhf ub_tanh
#define __builtin_asinhf(x) ub_log((x) + __builtin_sqrtf((x) * (x) + 1))
#define __builtin_acoshf(x) ub_log((x) + __builtin_sqrtf((x) * (x) - 1))
#define __builtin_atanhf(x) (0.5f * ub_log((1 + (x)) / (1 - (x))))
#define __builtin_atanf ub_atan
#define __builtin_asinf(x) ub_atan2(x, __builtin_sqrtf(1 - (x) * (x)))
#define __builtin_acosf(x) ub_atan2(__builtin_sqrtf(1 - (x) * (x)), x)
#define __builtin_atan2f ub_atan2
#define __builtin_fmodf(x, y) ((x) - (y) * __builtin_truncf((x) / (y)))
#define __builtin_ldexpf(x, e) ((x) * ub_ex2((float)(e)))

#include "ub_functions.h"
#include "ub_runtime.h"

// What the host sets before a launch.
struct ub_switches {
    unsigned count, line[32], mode[32];  // mode 1: deleted, 2: a simdgroup barrier instead
    unsigned jitter;                     // 0, or which pseudo-random times
    unsigned counting;                   // count how often barriers are met
};
extern "C" __attribute__((__device__, used)) volatile ub_switches ub_switch;
__attribute__((__device__)) volatile ub_switches ub_switch;
// How often thread 0 of a threadgroup met a barrier of this line, deleted or not.
extern "C" __attribute__((__device__, used)) unsigned ub_met[65536];
__attribute__((__device__)) unsigned ub_met[65536];

extern "C" {
UB_ASM unsigned ub_index() {
    const unsigned x = __nvvm_read_ptx_sreg_tid_x(), y = __nvvm_read_ptx_sreg_tid_y(), z = __nvvm_read_ptx_sreg_tid_z();
    return x + __nvvm_read_ptx_sreg_ntid_x() * (y + __nvvm_read_ptx_sreg_ntid_y() * z);
}
UB_ASM unsigned ub_lane() { return ub_index() % 32; }
UB_ASM unsigned ub_active() { unsigned m; __asm__ volatile("activemask.b32 %0;" : "=r"(m)); return m; }
// Lanes of this warp that the threadgroup has.
UB_ASM unsigned ub_warp() {
    const unsigned n = __nvvm_read_ptx_sreg_ntid_x() * __nvvm_read_ptx_sreg_ntid_y() * __nvvm_read_ptx_sreg_ntid_z(), first = ub_index() / 32 * 32;
    return n - first >= 32 ? ~0u : (1u << (n - first)) - 1;
}
UB_ASM const void* ub_exchange(const void*, unsigned, unsigned long* active) { *active = ub_active(); return nullptr; }
UB_ASM void ub_tile(bool) {}
UB_ASM void ub_name(const char*, const void*, unsigned long) {}
__attribute__((noinline)) unsigned ub_mode(unsigned line) {
    if (ub_switch.counting && ub_index() == 0 && line < 65536) __atomic_fetch_add(&ub_met[line], 1u, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < ub_switch.count && i < 32; ++i) {
        if (ub_switch.line[i] != line) continue;
        const unsigned mode = ub_switch.mode[i];
        if (mode == 1 && ub_switch.jitter) {
            unsigned h = (ub_index() + 1) * 0x9e3779b1u ^ ub_switch.jitter * 0x85ebca6bu ^ line * 0xc2b2ae35u;
            h ^= h >> 15;
            h *= 0x2c1b3c6du;
            h ^= h >> 12;
            const unsigned wait = h % 8192;
            __asm__ volatile("nanosleep.u32 %0;" ::"r"(wait));
        }
        return mode;
    }
    return 0;
}
UB_ASM void ub_barrier(unsigned scope, unsigned, unsigned line, unsigned, const char*) {
    const unsigned mode = ub_mode(line);
    if (mode == 1) return;
    if (scope == 1 || mode == 2) __nvvm_bar_warp_sync(ub_warp());
    else __nvvm_bar_sync(0);
}
}

// Function constants are those of the launch: UB_CONSTANTS is a list of {number, is real, integer, fraction}.
struct ub_constant { unsigned n; bool real; long whole; double number; };
constexpr ub_constant ub_constants[] = {UB_CONSTANTS{~0u, false, 0, 0.0}};

#define UB_OWN_LANES
#define UB_OWN_CONSTANTS
#define UB_THREADGROUP static __attribute__((__shared__))
namespace ub {
template <class T> struct lanes {
    T all[32];
    unsigned long active;
    unsigned me;
    UB lanes(const T& v) : active(ub_active()), me(ub_lane()) {
        constexpr unsigned W = (sizeof(T) + 3) / 4;
        int word[W] = {};
        __builtin_memcpy(word, &v, sizeof(T));
        for (unsigned i = 0; i < 32; ++i) {
            int other[W];
            for (unsigned w = 0; w < W; ++w) other[w] = __nvvm_shfl_sync_idx_i32((unsigned)active, word[w], i, 31);
            __builtin_memcpy(&all[i], other, sizeof(T));
        }
    }
    UB bool has(unsigned i) const { return i < 32 && (active >> i & 1); }
    UB T at(unsigned i) const { return all[has(i) ? i : me]; }
    UB T at(unsigned i, const T& otherwise) const { return has(i) ? all[i] : otherwise; }
};
struct function_constant {
    unsigned n;
    template <class T> constexpr operator T() const {
        for (const ub_constant& c : ub_constants)
            if (c.n == n && n != ~0u) return c.real ? (T)(float)c.number : (T)c.whole;
        return T();
    }
    constexpr bool defined() const {
        for (const ub_constant& c : ub_constants)
            if (c.n == n && n != ~0u) return true;
        return false;
    }
};
}  // namespace ub
#include "ub_collective.h"
