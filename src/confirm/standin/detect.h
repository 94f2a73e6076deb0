// Conflicts per barrier interval, independent of the order in which threads ran.
//
// Memory that threads share is a few regions; each word of four bytes has a list of accesses that later ones may conflict with. Of a class (kind, bytes,
// simdgroup, interval, how often the deleted barriers had been passed) two threads are enough: any third one differs from one of them.
#pragma once
#include "ub_host.h"

namespace detect {
enum Kind { READ = 0, WRITE = 1, ATOMIC = 2 };
enum Space { THREADGROUP = 0, DEVICE = 1 };
constexpr unsigned MAX_THREADS = 1024, SIMD = 32, MAX_GROUPS = MAX_THREADS / SIMD;
constexpr uint32_t NONE = 0, FENCE = 0xffffffff;

struct Record {
    uint32_t next;
    uint16_t thread;
    uint8_t kind, mask;
    uint32_t interval, simd_interval;  // of its threadgroup and simdgroup
    uint32_t same, cross;              // deleted barriers passed, as far as they order threads of one simdgroup / of different ones
    uint32_t passed;                   // deleted barriers passed
    const void* pc;
};
struct Object {
    std::string name;
    uintptr_t start, end;
};
struct Region {
    uintptr_t base = 0, size = 0;
    Space space = DEVICE;
    uint32_t* heads = nullptr;
};
struct Thread {  // threads, then one for the matrix accesses of each simdgroup
    bool ended = false;
    uint32_t interval[2], simd_interval[2];
    uint32_t same[2], cross[2];  // deleted barriers passed in all
};
// A pair that a deleted barrier had ordered, if the thread that is behind comes to it later.
struct Candidate {
    Record a, b;
    Space space;
    uintptr_t at;
};
struct State {
    Region regions[3];
    std::vector<Record> pool;
    uint32_t free = NONE;
    std::vector<Object> objects;
    Thread threads[MAX_THREADS + MAX_GROUPS];
    uint32_t interval[2] = {}, simd_interval[MAX_GROUPS][2] = {};
    std::map<std::pair<std::pair<const void*, const void*>, unsigned>, unsigned long> seen;
    std::map<std::pair<std::pair<const void*, const void*>, unsigned>, std::vector<Candidate>> candidates;
    unsigned run = 0, schedule = 0;
    bool enabled = true, full = false;
};
inline State& state() { static State* s = new State(); return *s; }
constexpr size_t MAX_KINDS = 400, MAX_RECORDS = 24u << 20;

inline void add_region(unsigned i, void* base, size_t size, Space space) {
    Region& r = state().regions[i];
    r.base = (uintptr_t)base & ~(uintptr_t)3;
    r.size = ((uintptr_t)base + size - r.base + 3) & ~(uintptr_t)3;
    r.space = space;
    void* p = mmap(nullptr, r.size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) host::fail("not enough memory to watch %zu bytes", size);
    r.heads = (uint32_t*)p;
}

// Another threadgroup or another run begins: nothing that was recorded matters any more.
inline void forget() {
    State& s = state();
    if (s.pool.empty()) s.pool.push_back(Record{});
    for (Thread& t : s.threads) t.ended = false;
    for (uint32_t& i : s.interval) ++i;
    for (auto& g : s.simd_interval) ++g[0], ++g[1];
}

inline unsigned simdgroup(unsigned thread) { return thread >= MAX_THREADS ? thread - MAX_THREADS : thread / SIMD; }

inline void end(unsigned thread, const uint32_t (&same)[2], const uint32_t (&cross)[2]) {
    State& s = state();
    Thread& t = s.threads[thread];
    t.ended = true;
    for (int k = 0; k < 2; ++k) t.same[k] = same[k], t.cross[k] = cross[k];
    for (int k = 0; k < 2; ++k) t.interval[k] = s.interval[k], t.simd_interval[k] = s.simd_interval[simdgroup(thread)][k];
}

inline void where(uintptr_t at, char* out, size_t size) {
    for (const Object& o : state().objects)
        if (at >= o.start && at < o.end) {
            snprintf(out, size, "%s\t%lu", o.name.c_str(), (unsigned long)(at - o.start));
            return;
        }
    snprintf(out, size, "?\t0");
}

// A matrix access is made by any lane of its simdgroup.
inline const char* kind_name(const Record& r) {
    if (r.thread >= MAX_THREADS) return r.kind == READ ? "or another lane reads a matrix" : "or another lane writes a matrix";
    return r.kind == READ ? "reads" : r.kind == WRITE ? "writes" : "updates";
}

inline void show(const Candidate& c, bool due) {
    State& s = state();
    const Record &a = c.a, &b = c.b;
    char object[256];
    where(c.at, object, sizeof object);
    host::print("race\t%u\t%u\t%d\t%d\t%s\t%s\t%u\t%s\t%u\t%lx\t%u\t%s\t%u\t%lx\n", s.run, s.schedule, due, simdgroup(a.thread) == simdgroup(b.thread), c.space == DEVICE ? "device" : "threadgroup", object,
                a.thread >= MAX_THREADS ? (a.thread - MAX_THREADS) * SIMD : a.thread, kind_name(a), a.passed, host::file_address(a.pc) - 1,
                b.thread >= MAX_THREADS ? (b.thread - MAX_THREADS) * SIMD : b.thread, kind_name(b), b.passed, host::file_address(b.pc) - 1);
}

inline void report(const Region& r, size_t cell, uint8_t mask, const Record& a, const Record& b) {
    State& s = state();
    const bool near = simdgroup(a.thread) == simdgroup(b.thread);
    const bool due = near ? a.same != b.same : a.cross != b.cross;
    const auto pcs = a.pc < b.pc ? std::make_pair(a.pc, b.pc) : std::make_pair(b.pc, a.pc);
    const auto key = std::make_pair(pcs, (unsigned)r.space * 4 + due * 2 + near);
    const Candidate c{a, b, r.space, r.base + cell * 4 + (unsigned)__builtin_ctz(mask)};
    if (due) {
        if (s.seen.count(key) || s.candidates.size() > MAX_KINDS) return;
        auto& all = s.candidates[key];
        // Not every pair need hold; of those that do, any will do.
        if (all.size() < 256) all.push_back(c);
        return;
    }
    if (++s.seen[key] > 1 || s.seen.size() > MAX_KINDS) return;
    show(c, false);
}

// The threadgroup has ended: which candidates are due to a deleted barrier.
inline void settle() {
    State& s = state();
    for (auto& [key, all] : s.candidates) {
        const bool near = key.second & 1;
        const Candidate* found = nullptr;
        for (const Candidate& c : all) {
            auto passed = [&](const Record& r) { return near ? r.same : r.cross; };
            const Record& behind = passed(c.a) < passed(c.b) ? c.a : c.b;
            const Thread& t = s.threads[behind.thread];
            if ((near ? t.same : t.cross)[c.space] > passed(behind)) {
                found = &c;
                break;
            }
        }
        if (found) {
            if (++s.seen[key] == 1) show(*found, true);
        } else if (!all.empty() && ++s.seen[{key.first, key.second & ~2u}] == 1) show(all[0], false);
    }
    s.candidates.clear();
}

inline bool gone(const State& s, const Record& r, Space k) {
    if (r.interval == s.interval[k]) return false;
    const Thread& t = s.threads[r.thread];
    // What a thread did after its last barrier before it ended is ordered before nothing that others do.
    return !(t.ended && t.interval[k] == r.interval);
}

inline void word(Region& r, size_t cell, const Record& now) {
    State& s = state();
    uint32_t* link = &r.heads[cell];
    const Space k = r.space;
    const unsigned group = simdgroup(now.thread);
    unsigned alike = 0;
    while (*link != NONE) {
        const uint32_t at = *link;
        Record& o = s.pool[at];
        if (gone(s, o, k)) {
            *link = o.next;
            o.next = s.free;
            s.free = at;
            continue;
        }
        const bool near = simdgroup(o.thread) == group;
        const bool like = o.kind == now.kind && o.mask == now.mask && near && o.interval == now.interval && o.simd_interval == now.simd_interval && o.same == now.same && o.cross == now.cross;
        if (o.thread == now.thread) {
            if (like) return;
        } else {
            const bool writes = (o.kind == WRITE || now.kind == WRITE || o.kind != now.kind) && !(o.kind == READ && now.kind == READ);
            if (writes && (o.mask & now.mask)) {
                const Thread& t = s.threads[o.thread];
                const bool ordered = near && o.simd_interval != now.simd_interval && !(t.ended && t.simd_interval[k] == o.simd_interval);
                if (!ordered) report(r, cell, o.mask & now.mask, o, now);
            }
            alike += like;
        }
        link = &s.pool[at].next;
    }
    if (alike >= 2) return;
    uint32_t at = s.free;
    if (at != NONE) s.free = s.pool[at].next;
    else {
        if (s.pool.size() >= MAX_RECORDS) {
            if (!s.full) host::print("note\tmore memory was touched between two barriers than can be watched; races may be missing\n");
            s.full = true;
            return;
        }
        // Growing moves the records: `link` may point into them.
        const bool inside = link != &r.heads[cell];
        const ptrdiff_t offset = inside ? (char*)link - (char*)s.pool.data() : 0;
        at = (uint32_t)s.pool.size();
        s.pool.push_back(Record{});
        if (inside) link = (uint32_t*)((char*)s.pool.data() + offset);
    }
    s.pool[at] = now;
    s.pool[at].next = NONE;
    *link = at;
}

// Whether the address is shared; then the access is recorded.
inline bool access(uintptr_t at, size_t size, Record& now) {
    State& s = state();
    for (Region& r : s.regions) {
        if (at - r.base >= r.size) continue;
        if (!s.enabled) return true;
        now.interval = s.interval[r.space];
        now.simd_interval = s.simd_interval[simdgroup(now.thread)][r.space];
        size_t cell = (at - r.base) / 4;
        size_t low = (at - r.base) % 4;
        while (size > 0 && cell < r.size / 4) {
            const size_t part = size < 4 - low ? size : 4 - low;
            now.mask = (uint8_t)(((1u << part) - 1) << low);
            if (r.heads[cell] == FENCE) {
                if (++s.seen[{{now.pc, nullptr}, 8}] == 1 && s.seen.size() <= MAX_KINDS) {
                    const Object* nearest = nullptr;
                    for (const Object& o : s.objects)
                        if (o.start <= at && (!nearest || o.start > nearest->start)) nearest = &o;
                    host::print("outside\t%u\t%u\t%s\t%lu\t%lu\t%u\t%s\t%lx\n", s.run, s.schedule, nearest ? nearest->name.c_str() : "?", nearest ? (unsigned long)(at - nearest->start) : 0, nearest ? (unsigned long)(nearest->end - nearest->start) : 0, now.thread % MAX_THREADS, kind_name(now), host::file_address(now.pc) - 1);
                }
            } else word(r, cell, now);
            size -= part;
            low = 0;
            ++cell;
        }
        return true;
    }
    return false;
}
}  // namespace detect
