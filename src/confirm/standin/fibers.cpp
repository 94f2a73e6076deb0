// The runtime of `confirm --backend cpu`: the threads of a threadgroup are fibers on one thread of the system; the instrumentation of
// -fsanitize=thread reports every access to `detect.h`; barriers can be deleted by line.
#include "ub_buffers.h"
#include "ub_detect.h"
#include "ub_meet.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

using detect::MAX_THREADS;
using detect::Record;
using detect::SIMD;

namespace {
constexpr size_t STACK = 512 << 10;

struct Fiber : meet::Member {
    void* sp = nullptr;
    void* stack = nullptr;
    bool tile = false;
    // Deleted barriers passed: by space, as far as they order one simdgroup / different ones; and in all.
    uint32_t same[2], cross[2], passed;
#if !defined(__x86_64__) && !defined(__aarch64__)
    ucontext_t context;
#endif
};

Fiber fibers[MAX_THREADS];
Fiber* current = nullptr;
void* scheduler_sp = nullptr;
std::vector<unsigned> queue;
size_t queue_at = 0;
uint64_t random_state = 1;
bool preempt = false;
unsigned until_preempt = 0;
const ub_kernel* the_kernel = nullptr;
void* memory[64];

uint64_t draw() { return random_state = host::mix(random_state); }
}  // namespace

void meet::on_simdgroup(unsigned g, unsigned flags) {
    auto& s = detect::state();
    if (flags & 2) ++s.simd_interval[g][0];
    if (flags & 1) ++s.simd_interval[g][1];
}
void meet::on_threadgroup(unsigned flags) {
    auto& s = detect::state();
    for (int k = 0; k < 2; ++k) {
        if (!(flags >> (1 - k) & 1)) continue;
        ++s.interval[k];
        for (auto& g : s.simd_interval) ++g[k];
    }
}

#if defined(__x86_64__)
extern "C" void ub_switch(void** save, void* to);
asm(R"(
    .text
    .globl ub_switch
ub_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .globl _ub_switch
    .set _ub_switch, ub_switch
)");
constexpr size_t SAVED = 7;
#elif defined(__aarch64__)
extern "C" void ub_switch(void** save, void* to);
asm(R"(
    .text
    .globl ub_switch
    .globl _ub_switch
    .p2align 2
ub_switch:
_ub_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
)");
#endif

namespace {
#if defined(__x86_64__) || defined(__aarch64__)
void leave() { ub_switch(&current->sp, scheduler_sp); }
void enter(Fiber* f) {
    current = f;
    ub_switch(&scheduler_sp, f->sp);
    current = nullptr;
}
#else
ucontext_t scheduler_context;
void leave() { swapcontext(&current->context, &scheduler_context); }
void enter(Fiber* f) {
    current = f;
    swapcontext(&scheduler_context, &f->context);
    current = nullptr;
}
#endif

void body() {
    Fiber* f = current;
    the_kernel->call(memory, f->builtin);
    f->state = meet::ENDED;
    detect::end(f->index, f->same, f->cross);
    bool last = true;
    const unsigned g = f->index / SIMD;
    for (unsigned i = g * SIMD; i < meet::count && i < (g + 1) * SIMD; ++i) last = last && fibers[i].state == meet::ENDED;
    if (last) detect::end(MAX_THREADS + g, f->same, f->cross);
    leave();
    host::fail("a thread ran on after its end");
}

void prepare(Fiber* f) {
    if (!f->stack) {
        f->stack = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
        if (f->stack == MAP_FAILED) host::fail("not enough memory for the stacks of %u threads", meet::count);
        mprotect(f->stack, 4096, PROT_NONE);
    }
    char* top = (char*)f->stack + STACK;
#if defined(__x86_64__)
    void** sp = (void**)top - SAVED - 1;
    memset(sp, 0, (SAVED + 1) * sizeof(void*));
    sp[SAVED - 1] = (void*)body;
    f->sp = sp;
#elif defined(__aarch64__)
    char* sp = top - 160;
    memset(sp, 0, 160);
    ((void**)sp)[11] = (void*)body;
    f->sp = sp;
#else
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK;
    f->context.uc_link = nullptr;
    makecontext(&f->context, body, 0);
#endif
    f->state = meet::READY;
    f->tile = false;
    f->passed = 0;
    for (int k = 0; k < 2; ++k) f->same[k] = f->cross[k] = 0;
}

// Makes threads ready, in the order of the schedule.
void wake(std::vector<unsigned>& woken) {
    const unsigned s = detect::state().schedule;
    if (s == 1) for (size_t i = 0; i < woken.size() / 2; ++i) std::swap(woken[i], woken[woken.size() - 1 - i]);
    if (s >= 2) for (size_t i = woken.size(); i > 1; --i) std::swap(woken[i - 1], woken[draw() % i]);
    for (unsigned i : woken) {
        fibers[i].state = meet::READY;
        queue.push_back(i);
    }
    woken.clear();
}

// Runs one threadgroup to its end.
void run_group() {
    queue.clear();
    queue_at = 0;
    std::vector<unsigned> woken;
    for (unsigned i = 0; i < meet::count; ++i) {
        prepare(&fibers[i]);
        woken.push_back(i);
    }
    wake(woken);
    for (;;) {
        while (queue_at < queue.size()) {
            Fiber* f = &fibers[queue[queue_at++]];
            if (f->state == meet::READY) enter(f);
            if (queue_at > 65536) {
                queue.erase(queue.begin(), queue.begin() + (ptrdiff_t)queue_at);
                queue_at = 0;
            }
        }
        meet::resolve(woken);
        if (woken.empty()) return;
        wake(woken);
    }
}

}  // namespace

extern "C" {
unsigned ub_lane() { return current ? current->index % SIMD : 0; }

__attribute__((noinline)) const void* ub_exchange(const void* value, unsigned size, unsigned long* active) {
    Fiber* f = current;
    f->at = __builtin_return_address(0);
    f->size = size;
    meet::copy(f->value, value, size);
    f->state = meet::EXCHANGE;
    leave();
    *active = f->active;
    return f->all;
}

__attribute__((noinline)) void ub_barrier(unsigned scope, unsigned flags, unsigned line, unsigned column, const char* file) {
    Fiber* f = current;
    meet::Site* s = meet::site_at(__builtin_return_address(0), scope, line, column, file);
    const unsigned mode = detect::state().run == 0 ? 0 : s->mode;
    if (mode != 0) {
        for (int k = 0; k < 2; ++k) {
            if (!(flags >> (1 - k) & 1)) continue;
            if (mode == 1) ++f->same[k];
            if (scope == 0) ++f->cross[k];
        }
        ++f->passed;
    }
    if (mode == 1) {
        ++s->passed;
        return;
    }
    f->site = s;
    f->flags = flags;
    f->state = scope == 1 || mode == 2 ? meet::SIMD_BARRIER : meet::BARRIER;
    leave();
}

void ub_tile(bool begin) { current->tile = begin; }

void ub_name(const char* name, const void* at, unsigned long size) {
    auto& objects = detect::state().objects;
    for (const auto& o : objects)
        if (o.start == (uintptr_t)at) return;
    objects.push_back(detect::Object{name, (uintptr_t)at, (uintptr_t)at + size});
}

// The instrumentation.
static inline void touch(const void* at, size_t size, unsigned kind, const void* pc) {
    Fiber* f = current;
    if (!f) return;
    Record r;
    r.thread = (uint16_t)(f->tile ? MAX_THREADS + f->index / SIMD : f->index);
    r.kind = (uint8_t)kind;
    r.passed = f->passed;
    r.pc = pc;
    const auto& s = detect::state();
    int space = -1;
    for (const auto& g : s.regions)
        if ((uintptr_t)at - g.base < g.size) space = g.space;
    if (space < 0) return;
    r.same = f->same[space];
    r.cross = f->cross[space];
    detect::access((uintptr_t)at, size, r);
    if (preempt && !f->tile && --until_preempt == 0) {
        until_preempt = 1 + (unsigned)(draw() % 64);
        queue.push_back(f->index);
        leave();
    }
}
#define PC __builtin_return_address(0)
#define HOOKS(n)                                                                    \
    void __tsan_read##n(void* p) { touch(p, n, detect::READ, PC); }                  \
    void __tsan_write##n(void* p) { touch(p, n, detect::WRITE, PC); }                \
    void __tsan_unaligned_read##n(void* p) { touch(p, n, detect::READ, PC); }        \
    void __tsan_unaligned_write##n(void* p) { touch(p, n, detect::WRITE, PC); }      \
    void __tsan_volatile_read##n(void* p) { touch(p, n, detect::READ, PC); }         \
    void __tsan_volatile_write##n(void* p) { touch(p, n, detect::WRITE, PC); }       \
    void __tsan_unaligned_volatile_read##n(void* p) { touch(p, n, detect::READ, PC); }   \
    void __tsan_unaligned_volatile_write##n(void* p) { touch(p, n, detect::WRITE, PC); } \
    void __tsan_read_write##n(void* p) { touch(p, n, detect::READ, PC); touch(p, n, detect::WRITE, PC); } \
    void __tsan_unaligned_read_write##n(void* p) { touch(p, n, detect::READ, PC); touch(p, n, detect::WRITE, PC); }
HOOKS(1) HOOKS(2) HOOKS(4) HOOKS(8) HOOKS(16)
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_read_range(void* p, size_t n) { touch(p, n, detect::READ, PC); }
void __tsan_write_range(void* p, size_t n) { touch(p, n, detect::WRITE, PC); }

#define ATOMICS(bits, T)                                                                                                  \
    T __tsan_atomic##bits##_load(const volatile T* p, int) { touch((const void*)p, sizeof(T), detect::ATOMIC, PC); return *p; } \
    void __tsan_atomic##bits##_store(volatile T* p, T v, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); *p = v; } \
    T __tsan_atomic##bits##_exchange(volatile T* p, T v, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; *p = v; return o; } \
    T __tsan_atomic##bits##_fetch_add(volatile T* p, T v, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; *p = (T)(o + v); return o; } \
    T __tsan_atomic##bits##_fetch_sub(volatile T* p, T v, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; *p = (T)(o - v); return o; } \
    T __tsan_atomic##bits##_fetch_and(volatile T* p, T v, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; *p = (T)(o & v); return o; } \
    T __tsan_atomic##bits##_fetch_or(volatile T* p, T v, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; *p = (T)(o | v); return o; } \
    T __tsan_atomic##bits##_fetch_xor(volatile T* p, T v, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; *p = (T)(o ^ v); return o; } \
    T __tsan_atomic##bits##_compare_exchange_val(volatile T* p, T e, T v, int, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; if (o == e) *p = v; return o; } \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile T* p, T* e, T v, int, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; if (o == *e) { *p = v; return 1; } *e = o; return 0; } \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile T* p, T* e, T v, int, int) { touch((void*)p, sizeof(T), detect::ATOMIC, PC); const T o = *p; if (o == *e) { *p = v; return 1; } *e = o; return 0; }
ATOMICS(8, uint8_t) ATOMICS(16, uint16_t) ATOMICS(32, uint32_t) ATOMICS(64, uint64_t)
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}

// Copies of kernels. Newer compilers call the first names, older ones those of the C library.
static inline void copy(char* d, const char* s, size_t n) {
    if (d <= s || d >= s + n) for (size_t i = 0; i < n; ++i) ((volatile char*)d)[i] = s[i];
    else for (size_t i = n; i-- > 0;) ((volatile char*)d)[i] = s[i];
}
#define COPY { if (current) { touch(s, n, detect::READ, PC); touch(d, n, detect::WRITE, PC); } copy((char*)d, (const char*)s, n); return d; }
#define SET { if (current) touch(d, n, detect::WRITE, PC); for (size_t i = 0; i < n; ++i) ((volatile char*)d)[i] = (char)c; return d; }
void* __tsan_memcpy(void* d, const void* s, size_t n) COPY
void* __tsan_memmove(void* d, const void* s, size_t n) COPY
void* __tsan_memset(void* d, int c, size_t n) SET
void* memcpy(void* __restrict d, const void* __restrict s, size_t n) COPY
void* memmove(void* d, const void* s, size_t n) COPY
void* memset(void* d, int c, size_t n) SET

#ifdef __APPLE__
extern char ub_tg_start __asm("section$start$__DATA$ub_tg");
extern char ub_tg_end __asm("section$end$__DATA$ub_tg");
#else
extern char __start_ub_tg __attribute__((weak));
extern char __stop_ub_tg __attribute__((weak));
#endif
}

// The program: the launch as written once for comparison, then with the changes under every schedule.
namespace {
void crashed(int signal, siginfo_t* info, void*) {
    char text[160];
    const int n = snprintf(text, sizeof text, "crash\t%u\t%d\t%u\t%lx\n", detect::state().run, signal, current ? current->index : 0, (unsigned long)info->si_addr);
    fflush(stdout);
    if (n > 0 && write(1, text, (size_t)n) < 0) _exit(5);
    _exit(4);
}

void catch_crashes() {
    static char stack[65536];
    stack_t s{};
    s.ss_sp = stack;
    s.ss_size = sizeof stack;
    sigaltstack(&s, nullptr);
    struct sigaction a{};
    a.sa_sigaction = crashed;
    a.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &a, nullptr);
}

}  // namespace


// Before anything of the kernel's file runs.
__attribute__((constructor(101))) static void begin() { host::launch(); host::confine(true); }

int main() {
    const auto& l = host::launch();
    const ub_kernel& k = host::find_kernel();
    if (k.count > 64) host::fail("a kernel with %u parameters", k.count);
    the_kernel = &k;
    catch_crashes();
    meet::count = l.threadgroup[0] * l.threadgroup[1] * l.threadgroup[2];
    if (meet::count == 0 || meet::count > MAX_THREADS) host::fail("%u threads in a threadgroup; at most %u are possible", meet::count, MAX_THREADS);
    std::vector<unsigned char> pristine, reference;
    size_t shared_from = 0;
    const std::vector<host::Buffer> buffers = host::make_buffers(k, memory, pristine, shared_from);
    auto& s = detect::state();
    s.enabled = l.detect;
    detect::add_region(0, host::arena, shared_from, detect::DEVICE);
    detect::add_region(1, host::arena + shared_from, host::arena_size - shared_from, detect::THREADGROUP);
#ifdef __APPLE__
    char *tg = &ub_tg_start, *tg_end = &ub_tg_end;
#else
    char *tg = &__start_ub_tg, *tg_end = &__stop_ub_tg;
#endif
    if (tg && tg < tg_end) detect::add_region(2, tg, (size_t)(tg_end - tg), detect::THREADGROUP);
    for (int i = 0; i < 2; ++i) {
        detect::Region& r = s.regions[i];
        std::vector<bool> inside(r.size / 4);
        for (const host::Buffer& b : buffers) {
            const uintptr_t from = (uintptr_t)host::arena + b.start;
            if (from < r.base || from >= r.base + r.size) continue;
            for (size_t c = (from - r.base) / 4; c < (from + b.size - r.base + 3) / 4; ++c) inside[c] = true;
        }
        for (size_t c = 0; c < inside.size(); ++c)
            if (!inside[c]) r.heads[c] = detect::FENCE;
    }
    for (const host::Buffer& b : buffers) s.objects.push_back(detect::Object{b.name, (uintptr_t)host::arena + b.start, (uintptr_t)host::arena + b.start + b.size});
    std::vector<unsigned char> poison;
    const bool changed = !l.changed.empty();
    // Run 0 is the kernel as written; run 1 with the changes.
    for (unsigned run = 0; run < (changed ? 2u : 1u); ++run) {
        const unsigned schedules = changed && run == 0 ? 1 : l.schedules;
        for (unsigned schedule = 0; schedule < schedules; ++schedule) {
            s.run = run;
            s.schedule = schedule;
            meet::run = run;
            meet::schedule = schedule;
            s.enabled = l.detect && (run == 1 || !changed);
            random_state = host::mix(l.seed * 1000003 + schedule);
            preempt = schedule >= 2;
            until_preempt = 1 + (unsigned)(draw() % 64);
            memcpy(host::arena, pristine.data(), host::arena_size);
            auto groups = l.groups;
            if (groups.empty()) groups.push_back({0, 0, 0});
            for (const auto& g : groups) {
                const unsigned group[3] = {g[0], g[1], g[2]};
                if (tg && tg < tg_end) memset(tg, 0x5a, (size_t)(tg_end - tg));
                memset(host::arena + shared_from, 0x5a, host::arena_size - shared_from);
                detect::forget();
                for (unsigned t = 0; t < meet::count; ++t) {
                    fibers[t].index = t;
                    meet::members[t] = &fibers[t];
                    host::set_builtins(fibers[t].builtin, k, t, group);
                }
                run_group();
                detect::settle();
            }
            if (run == 0 && schedule == 0) reference.assign(host::arena, host::arena + host::arena_size);
            else host::compare(buffers, reference, "differs", run, schedule);
            fflush(stdout);
        }
    }
    if (!changed) host::compare(buffers, pristine, "wrote", 0, 0);
    meet::print_sites();
    host::print("done\t%zu\n", s.seen.size());
    fflush(stdout);
    _exit(0);
}
