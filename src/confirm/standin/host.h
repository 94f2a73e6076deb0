// The host's side of a launch: reads it from standard input, makes the buffers, limits the process, prints results. Used by both runtimes.
//
// Input is lines of words; the first says what the line is about (`read_launch`). Output is lines of words separated by tabs; the last is `done`.
#pragma once
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>
#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#ifdef __APPLE__
#include <mach-o/dyld.h>
extern "C" int sandbox_init(const char* profile, uint64_t flags, char** error);
#endif
#include "ub_runtime.h"

namespace host {
struct Fill {
    std::string kind = "random";
    long long seed = 1;
    double low = 0, high = 7;
    std::vector<ub_value> values;
};
struct Memory {
    std::string name;
    unsigned long count = 0;
    Fill fill;
    std::vector<std::pair<unsigned long, std::string>> patches;  // offset in bytes, bytes
};
struct Site {
    unsigned line;
    std::string file;
    unsigned mode;  // 1: deleted, 2: a simdgroup barrier instead
};
struct Launch {
    std::string kernel;
    unsigned threadgroup[3] = {1, 1, 1}, grid[3] = {1, 1, 1};
    std::vector<std::vector<unsigned>> groups;
    std::map<std::string, ub_value> scalars;
    std::map<unsigned, ub_value> constants;
    std::vector<Memory> memory;
    std::vector<Site> changed;
    unsigned schedules = 1;
    unsigned long seed = 1;
    unsigned seconds = 60, megabytes = 2048;
    bool detect = true;
};

// What a word of output may not contain is replaced.
inline void print(const char* format, ...) {
    char text[2048];
    va_list a;
    va_start(a, format);
    const int n = vsnprintf(text, sizeof text, format, a);
    va_end(a);
    if (n > 0) fwrite(text, 1, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, stdout);
}
[[noreturn]] inline void fail(const char* format, ...) {
    char text[1024];
    va_list a;
    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    print("error\t%s\n", text);
    fflush(stdout);
    _exit(3);
}

inline ub_value number(const std::string& w) {
    ub_value v{};
    v.real = w.find_first_of(".eEnN") != std::string::npos;
    v.number = strtod(w.c_str(), nullptr);
    v.whole = v.real ? (long)v.number : w[0] == '-' ? strtol(w.c_str(), nullptr, 10) : (long)strtoul(w.c_str(), nullptr, 10);
    if (!v.real) v.number = (double)v.whole;
    return v;
}

inline std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> out;
    size_t at = 0;
    while (at <= line.size()) {
        size_t end = line.find('\t', at);
        if (end == std::string::npos) end = line.size();
        out.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

inline void read_line(Launch& l, const std::vector<std::string>& w) {
    auto u = [&](size_t i) { return i < w.size() ? (unsigned)strtoul(w[i].c_str(), nullptr, 10) : 0u; };
    const std::string& what = w[0];
    if (what == "kernel") l.kernel = w.at(1);
    else if (what == "threadgroup") for (int i = 0; i < 3; ++i) l.threadgroup[i] = u(i + 1);
    else if (what == "grid") for (int i = 0; i < 3; ++i) l.grid[i] = u(i + 1);
    else if (what == "group") l.groups.push_back({u(1), u(2), u(3)});
    else if (what == "scalar") l.scalars[w.at(1)] = number(w.at(2));
    else if (what == "constant") l.constants[u(1)] = number(w.at(2));
    else if (what == "change") l.changed.push_back(Site{u(1), w.at(3), u(2)});
    else if (what == "schedules") l.schedules = u(1), l.seed = strtoul(w.at(2).c_str(), nullptr, 10);
    else if (what == "limits") l.seconds = u(1), l.megabytes = u(2);
    else if (what == "detect") l.detect = u(1) != 0;
    else if (what == "memory") {
        Memory m;
        m.name = w.at(1);
        m.count = strtoul(w.at(2).c_str(), nullptr, 10);
        m.fill.kind = w.at(3);
        if (m.fill.kind == "values") for (size_t i = 4; i < w.size(); ++i) m.fill.values.push_back(number(w[i]));
        else if (w.size() > 6) m.fill.seed = strtoll(w[4].c_str(), nullptr, 10), m.fill.low = strtod(w[5].c_str(), nullptr), m.fill.high = strtod(w[6].c_str(), nullptr);
        l.memory.push_back(m);
    } else if (what == "patch") {
        std::string bytes;
        const std::string hex = w.size() > 3 ? w[3] : "";
        for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += (char)strtoul(hex.substr(i, 2).c_str(), nullptr, 16);
        if (l.memory.empty() || l.memory.back().name != w.at(1)) fail("a patch of `%s` has no memory", w.at(1).c_str());
        l.memory.back().patches.push_back({strtoul(w.at(2).c_str(), nullptr, 10), bytes});
    } else fail("the launch has an unknown line `%s`", what.c_str());
}

// Read on first use: function constants are initialised before main.
inline Launch& launch() {
    static Launch* l = [] {
        auto* n = new Launch();
        std::string text;
        char chunk[65536];
        for (ssize_t k; (k = read(0, chunk, sizeof chunk)) > 0;) text.append(chunk, (size_t)k);
        size_t at = 0;
        while (at < text.size()) {
            size_t end = text.find('\n', at);
            if (end == std::string::npos) end = text.size();
            if (end > at) read_line(*n, words(text.substr(at, end - at)));
            at = end + 1;
        }
        return n;
    }();
    return *l;
}

inline uint64_t mix(uint64_t seed) {
    uint64_t z = seed + 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

inline uint16_t to_half(double d) {
    const float f = (float)d;
    uint32_t u;
    memcpy(&u, &f, 4);
    const uint32_t sign = u >> 16 & 0x8000, magnitude = u & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x33000001) return (uint16_t)sign;
    const int e = (int)(magnitude >> 23) - 127;
    const uint32_t m = (magnitude & 0x7fffff) | 0x800000;
    const int shift = e < -14 ? -1 - e : 13;  // bits to drop
    uint32_t r = e < -14 ? m >> shift : ((uint32_t)(e + 15) << 10) + ((m >> 13) & 0x3ff);
    const uint32_t rest = m & ((1u << shift) - 1), middle = 1u << (shift - 1);
    if (rest > middle || (rest == middle && (r & 1))) ++r;
    return (uint16_t)(sign | r);
}
inline float from_half(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, e = h >> 10 & 31, m = h & 0x3ff;
    if (e == 0) return (sign ? -1.0f : 1.0f) * ldexpf((float)m, -24);
    const uint32_t u = e == 31 ? sign | 0x7f800000 | m << 13 : sign | (e + 112) << 23 | m << 13;
    float f;
    memcpy(&f, &u, 4);
    return f;
}

// Writes one scalar as the type that `ub_shape::scalar` and `bytes` say.
inline void put(unsigned char* at, const ub_shape& s, const ub_value& v) {
    if (s.scalar == 'f' && s.bytes == 4) { const float f = (float)v.number; memcpy(at, &f, 4); }
    else if (s.scalar == 'f') { const uint16_t h = to_half(v.number); memcpy(at, &h, 2); }
    else if (s.scalar == 'b') { const float f = (float)v.number; uint32_t u; memcpy(&u, &f, 4); u += 0x7fff + (u >> 16 & 1); const uint16_t h = (uint16_t)(u >> 16); memcpy(at, &h, 2); }
    else if (s.scalar == 'o') *at = (unsigned char)(v.whole & 1);
    else { const long w = v.real ? (long)v.number : v.whole; memcpy(at, &w, s.bytes); }
}

inline void fill(unsigned char* at, const ub_shape& s, unsigned long count, const Fill& f) {
    const unsigned long scalars = count * s.lanes, step = s.bytes ? s.bytes : 1;
    if (f.kind == "zeros") return;
    for (unsigned long i = 0; i < scalars; ++i) {
        ub_value v{};
        if (f.kind == "index") v.whole = (long)i;
        else if (f.kind == "random") {
            const long long low = (long long)f.low, high = (long long)f.high;
            const uint64_t span = (uint64_t)(high < low ? 0 : high - low) + 1, r = mix(mix((uint64_t)f.seed) ^ i);
            v.whole = low + (long long)(span ? r % span : r);
        } else if (f.kind == "real") {
            v.real = true;
            v.number = f.low + (f.high - f.low) * ((double)(mix(mix((uint64_t)f.seed) ^ i) >> 40) / 16777216.0);
        } else if (!f.values.empty()) v = f.values[i % f.values.size()];
        if (!v.real) v.number = (double)v.whole;
        if ((i + 1) * step <= count * s.size) put(at + i * step, s, v);
    }
}

// An address as the file has it.
inline unsigned long file_address(const void* pc) {
#ifdef __APPLE__
    return (unsigned long)pc - (unsigned long)_dyld_get_image_vmaddr_slide(0);
#else
    return (unsigned long)pc;
#endif
}

inline const ub_kernel& find_kernel() {
    for (unsigned i = 0; i < ub_kernel_count; ++i)
        if (launch().kernel == ub_kernels[i].name) return ub_kernels[i];
    fail("no kernel `%s` was compiled", launch().kernel.c_str());
}

// Limits on time and memory; no files, no network, no other processes from here on.
inline void confine(bool whole) {
    const Launch& l = launch();
    rlimit cpu{l.seconds + 1, l.seconds + 2}, none{0, 0}, memory{(rlim_t)l.megabytes << 20, (rlim_t)l.megabytes << 20};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
    if (whole) setrlimit(RLIMIT_AS, &memory);
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
    const unsigned allowed[] = {SYS_read, SYS_write, SYS_exit, SYS_exit_group, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_sigaltstack, SYS_clock_gettime, SYS_futex, SYS_sched_yield, SYS_getpid, SYS_gettid, SYS_tgkill,
#ifdef SYS_newfstatat
        SYS_newfstatat,
#endif
        SYS_fstat, SYS_lseek,
        // Threads, for the detector that uses them.
        SYS_clone, SYS_set_robust_list, SYS_sched_getaffinity, SYS_prlimit64, SYS_nanosleep, SYS_clock_nanosleep, SYS_set_tid_address,
#ifdef SYS_clone3
        SYS_clone3,
#endif
#ifdef SYS_rseq
        SYS_rseq,
#endif
    };
    std::vector<sock_filter> p;
    p.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (unsigned nr : allowed) {
        p.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1));
        p.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    p.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    const sock_fprog program{(unsigned short)p.size(), p.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) print("note\tthe system does not let a process give up files and network\n");
#elif defined(__APPLE__)
    char* error = nullptr;
    if (sandbox_init("pure-computation", 1, &error) != 0) print("note\tthe system does not let a process give up files and network\n");
#else
    print("note\tthis platform has no way to give up files and network\n");
#endif
}

inline ub_value find_constant(unsigned n, bool* found) {
    auto it = launch().constants.find(n);
    *found = it != launch().constants.end();
    return *found ? it->second : ub_value{};
}
}  // namespace host

extern "C" bool ub_function_constant(unsigned number, ub_value* out) {
    bool found;
    *out = host::find_constant(number, &found);
    return found;
}
// Conversions that Clang calls for half where the machine has no instructions for it.
extern "C" __attribute__((weak)) uint16_t __gnu_f2h_ieee(float f) { return host::to_half(f); }
extern "C" __attribute__((weak)) float __gnu_h2f_ieee(uint16_t h) { return host::from_half(h); }
