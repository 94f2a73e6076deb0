// The runtime of `confirm --detector tsan`: the threads of a threadgroup are threads of the system, and the real ThreadSanitizer looks for races.
//
// Threads wait for each other by means that it does not see; what a barrier orders is told to it explicitly, through two objects in turn (one that is
// reused would order more than the barrier does). It knows no pairs "due to" a barrier and keeps a few accesses per word: it misses more than the other
// runtime, and shares nothing with it but the meeting of threads. How often a thread had passed a deleted barrier is as of the report.
#include <pthread.h>
#include <sched.h>
#ifdef __linux__
#include <linux/futex.h>
#endif

#include "ub_buffers.h"
#include "ub_meet.h"

extern "C" {
void __tsan_acquire(void* at);
void __tsan_release(void* at);
int __tsan_get_report_data(void* report, const char** description, int* count, int* stacks, int* mops, int* locations, int* mutexes, int* threads, int* unique, void** sleep, unsigned long sleep_size);
int __tsan_get_report_thread(void* report, unsigned long i, int* tid, unsigned long* os_id, int* running, const char** name, int* parent, void** trace, unsigned long trace_size);
int __tsan_get_report_mop(void* report, unsigned long i, int* tid, void** at, int* size, int* write, int* atomic, void** trace, unsigned long trace_size);
}

namespace {
constexpr size_t STACK = 1 << 20;

struct Worker : meet::Member {
    unsigned woken = 0;
    unsigned long passed = 0, os_id = 0;
    pthread_t thread;
};
Worker workers[meet::MAX_THREADS];
thread_local Worker* current = nullptr;
unsigned running = 0, lock_word = 0;
const ub_kernel* the_kernel = nullptr;
void* memory[64];
unsigned turn = 0, simd_turn[meet::MAX_THREADS / meet::SIMD];
char order[2], simd_order[meet::MAX_THREADS / meet::SIMD][2];
unsigned char *tg = nullptr, *tg_end = nullptr;
struct Name {
    char text[64];
    uintptr_t start, end;
};
Name names[256];
unsigned name_count = 0;

void lock() { while (__atomic_exchange_n(&lock_word, 1u, __ATOMIC_ACQUIRE)) sched_yield(); }
void unlock() { __atomic_store_n(&lock_word, 0u, __ATOMIC_RELEASE); }

void wake_all(std::vector<unsigned>& woken) {
    running += (unsigned)woken.size();
    for (unsigned i : woken) {
        workers[i].state = meet::READY;
        __atomic_store_n(&workers[i].woken, 1u, __ATOMIC_RELEASE);
#ifdef __linux__
        syscall(SYS_futex, &workers[i].woken, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
#endif
    }
}

// With the lock held: one thread fewer can go on; the last one decides who may.
void stop_one() {
    if (--running > 0) return;
    std::vector<unsigned> woken;
    meet::resolve(woken);
    wake_all(woken);
}

void wait(Worker* w, meet::State state) {
    lock();
    w->woken = 0;
    w->state = state;
    stop_one();
    unlock();
    while (!__atomic_load_n(&w->woken, __ATOMIC_ACQUIRE)) {
#ifdef __linux__
        syscall(SYS_futex, &w->woken, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
#else
        sched_yield();
#endif
    }
}

void* body(void* p) {
    current = (Worker*)p;
#ifdef __linux__
    current->os_id = (unsigned long)syscall(SYS_gettid);
#else
    uint64_t id = 0;
    pthread_threadid_np(nullptr, &id);
    current->os_id = id;
#endif
    the_kernel->call(memory, current->builtin);
    lock();
    current->state = meet::ENDED;
    stop_one();
    unlock();
    return nullptr;
}

void where(uintptr_t at, char* out, size_t size) {
    for (unsigned i = 0; i < name_count; ++i)
        if (at >= names[i].start && at < names[i].end) {
            snprintf(out, size, "%s\t%lu", names[i].text, (unsigned long)(at - names[i].start));
            return;
        }
    snprintf(out, size, "?\t0");
}

void add_name(const char* text, const void* at, unsigned long size) {
    lock();
    bool known = false;
    for (unsigned i = 0; i < name_count; ++i) known = known || names[i].start == (uintptr_t)at;
    if (!known && name_count < 256) {
        Name& n = names[name_count++];
        snprintf(n.text, sizeof n.text, "%s", text);
        n.start = (uintptr_t)at;
        n.end = n.start + size;
    }
    unlock();
}

void run_group() {
    running = meet::count;
    for (unsigned i = 0; i < meet::count; ++i) {
        workers[i].state = meet::READY;
        workers[i].passed = 0;
    }
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, STACK);
    for (unsigned i = 0; i < meet::count; ++i)
        if (pthread_create(&workers[i].thread, &a, body, &workers[i]) != 0) host::fail("the system does not give %u threads", meet::count);
    for (unsigned i = 0; i < meet::count; ++i) pthread_join(workers[i].thread, nullptr);
}
}  // namespace

void meet::on_simdgroup(unsigned g, unsigned) { ++simd_turn[g]; }
void meet::on_threadgroup(unsigned) { ++turn; }

extern "C" {
unsigned ub_lane() { return current ? current->index % meet::SIMD : 0; }

__attribute__((noinline)) const void* ub_exchange(const void* value, unsigned size, unsigned long* active) {
    Worker* w = current;
    w->at = __builtin_return_address(0);
    w->size = size;
    meet::copy(w->value, value, size);
    wait(w, meet::EXCHANGE);
    *active = w->active;
    return w->all;
}

__attribute__((noinline)) void ub_barrier(unsigned scope, unsigned flags, unsigned line, unsigned column, const char* file) {
    Worker* w = current;
    lock();
    meet::Site* s = meet::site_at(__builtin_return_address(0), scope, line, column, file);
    const unsigned mode = meet::run == 0 ? 0 : s->mode;
    if (mode == 1) ++s->passed;
    const unsigned g = w->index / meet::SIMD;
    const bool simd = scope == 1 || mode == 2;
    void* object = simd ? &simd_order[g][simd_turn[g] % 2] : &order[turn % 2];
    unlock();
    if (mode != 0) ++w->passed;
    if (mode == 1) return;
    w->site = s;
    w->flags = flags;
    // It knows no address spaces: a barrier that names any memory orders all of it.
    if (flags & 3) __tsan_release(object);
    wait(w, simd ? meet::SIMD_BARRIER : meet::BARRIER);
    if (flags & 3) __tsan_acquire(object);
}

void ub_tile(bool) {}
void ub_name(const char* name, const void* at, unsigned long size) { add_name(name, at, size); }

// Called by ThreadSanitizer for every new pair of racing places.
void __tsan_on_report(void* report) {
    const char* description = nullptr;
    int count, stacks, mops = 0, locations, mutexes, threads, unique;
    void* sleep[1];
    __tsan_get_report_data(report, &description, &count, &stacks, &mops, &locations, &mutexes, &threads, &unique, sleep, 1);
    if (mops < 2) return;
    struct { int tid, size, write, atomic; void* at; void* trace[8]; } m[2];
    for (int i = 0; i < 2; ++i) {
        memset(&m[i], 0, sizeof m[i]);
        __tsan_get_report_mop(report, (unsigned long)i, &m[i].tid, &m[i].at, &m[i].size, &m[i].write, &m[i].atomic, m[i].trace, 8);
    }
    const uintptr_t at = (uintptr_t)m[0].at > (uintptr_t)m[1].at ? (uintptr_t)m[0].at : (uintptr_t)m[1].at;
    const bool shared = at >= (uintptr_t)tg && at < (uintptr_t)tg_end, device = at >= (uintptr_t)host::arena && at < (uintptr_t)host::arena + host::arena_size;
    // Memory of the runtime itself, which it does not see being ordered.
    if (!shared && !device) return;
    char object[128];
    where(at, object, sizeof object);
    auto kind = [](int write, int atomic) { return atomic ? "updates" : write ? "writes" : "reads"; };
    // Which threads of the threadgroup they are, and how often these have passed the deleted barriers.
    const Worker* who[2] = {&workers[0], &workers[0]};
    for (int t = 0; t < threads; ++t) {
        int tid = -1, run_now, parent;
        unsigned long os_id = 0;
        const char* name;
        void* trace[1];
        __tsan_get_report_thread(report, (unsigned long)t, &tid, &os_id, &run_now, &name, &parent, trace, 1);
        for (int i = 0; i < 2; ++i)
            for (unsigned w = 0; w < meet::count; ++w)
                if (m[i].tid == tid && workers[w].os_id == os_id) who[i] = &workers[w];
    }
    const bool near = who[0]->index / meet::SIMD == who[1]->index / meet::SIMD;
    host::print("race\t%u\t%u\t%d\t%d\t%s\t%s\t%u\t%s\t%lu\t%lx\t%u\t%s\t%lu\t%lx\n", meet::run, meet::schedule, meet::run == 1, near, shared ? "threadgroup" : "device", object,
                who[0]->index, kind(m[0].write, m[0].atomic), who[0]->passed, host::file_address(m[0].trace[0]) - 1, who[1]->index, kind(m[1].write, m[1].atomic), who[1]->passed, host::file_address(m[1].trace[0]) - 1);
}

#ifdef __APPLE__
extern char ub_tg_start __asm("section$start$__DATA$ub_tg");
extern char ub_tg_end __asm("section$end$__DATA$ub_tg");
#else
extern char __start_ub_tg __attribute__((weak));
extern char __stop_ub_tg __attribute__((weak));
#endif
}

__attribute__((constructor(101))) static void begin() { host::launch(); }

int main() {
    const auto& l = host::launch();
    const ub_kernel& k = host::find_kernel();
    if (k.count > 64) host::fail("a kernel with %u parameters", k.count);
    the_kernel = &k;
    host::confine(false);
    meet::count = l.threadgroup[0] * l.threadgroup[1] * l.threadgroup[2];
    if (meet::count == 0 || meet::count > meet::MAX_THREADS) host::fail("%u threads in a threadgroup; at most %u are possible", meet::count, meet::MAX_THREADS);
    std::vector<unsigned char> pristine, reference;
    size_t shared_from = 0;
    const auto buffers = host::make_buffers(k, memory, pristine, shared_from);
#ifdef __APPLE__
    tg = (unsigned char*)&ub_tg_start, tg_end = (unsigned char*)&ub_tg_end;
#else
    tg = (unsigned char*)&__start_ub_tg, tg_end = (unsigned char*)&__stop_ub_tg;
#endif
    for (const auto& b : buffers) add_name(b.name.c_str(), host::arena + b.start, b.size);
    const bool changed = !l.changed.empty();
    for (unsigned run = 0; run < (changed ? 2u : 1u); ++run) {
        const unsigned schedules = changed && run == 0 ? 1 : l.schedules;
        for (unsigned schedule = 0; schedule < schedules; ++schedule) {
            meet::run = run;
            meet::schedule = schedule;
            memcpy(host::arena, pristine.data(), host::arena_size);
            auto groups = l.groups;
            if (groups.empty()) groups.push_back({0, 0, 0});
            for (const auto& g : groups) {
                const unsigned group[3] = {g[0], g[1], g[2]};
                if (tg && tg < tg_end) memset(tg, 0x5a, (size_t)(tg_end - tg));
                memset(host::arena + shared_from, 0x5a, host::arena_size - shared_from);
                for (unsigned t = 0; t < meet::count; ++t) {
                    workers[t].index = t;
                    meet::members[t] = &workers[t];
                    host::set_builtins(workers[t].builtin, k, t, group);
                }
                run_group();
            }
            if (run == 0 && schedule == 0) reference.assign(host::arena, host::arena + host::arena_size);
            else host::compare(buffers, reference, "differs", run, schedule);
            fflush(stdout);
        }
    }
    if (!changed) host::compare(buffers, pristine, "wrote", 0, 0);
    meet::print_sites();
    host::print("done\t0\n");
    fflush(stdout);
    _exit(0);
}
