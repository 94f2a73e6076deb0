// Where threads of a threadgroup wait for each other: lane exchange, simdgroup barriers, threadgroup barriers. Used by both runtimes.
//
// Everything is decided when no thread can go on: lane exchanges first (all lanes at one call), then simdgroup barriers, then the threadgroup's.
#pragma once
#include "ub_host.h"

namespace meet {
constexpr unsigned MAX_THREADS = 1024, SIMD = 32;
constexpr size_t SLOT = 32;
enum State { READY, EXCHANGE, SIMD_BARRIER, BARRIER, ENDED };

struct Site {
    unsigned line, column, scope, mode;
    const char* file;
    unsigned long passed;
};
struct Member {
    State state = ENDED;
    unsigned index = 0;
    const void* at = nullptr;  // where it waits
    Site* site = nullptr;
    unsigned flags = 0, size = 0;
    unsigned char value[SLOT];
    unsigned long active = 0;
    unsigned char all[SLOT * SIMD];
    unsigned builtin[64][3];
};

inline Member* members[MAX_THREADS];
inline unsigned count = 0, run = 0, schedule = 0;
inline std::map<const void*, Site*> sites;
inline std::map<unsigned, unsigned long> divergent;
// What a barrier orders, by its flags (bit 0 device memory, bit 1 threadgroup memory).
void on_simdgroup(unsigned group, unsigned flags);
void on_threadgroup(unsigned flags);

// Not memcpy: that one is watched.
inline void copy(void* to, const void* from, size_t n) {
    for (size_t i = 0; i < n; ++i) ((volatile unsigned char*)to)[i] = ((const unsigned char*)from)[i];
}

// Lanes that wait at a lane exchange: those at one call exchange their values.
inline bool exchange(unsigned g, std::vector<unsigned>& woken) {
    const unsigned from = g * SIMD, to = from + SIMD < count ? from + SIMD : count;
    const void* at = nullptr;
    for (unsigned i = from; i < to; ++i) {
        if ((*members[i]).state == READY) return false;
        if ((*members[i]).state == EXCHANGE && (!at || (*members[i]).at < at)) at = (*members[i]).at;
    }
    if (!at) return false;
    unsigned long active = 0;
    for (unsigned i = from; i < to; ++i)
        if ((*members[i]).state == EXCHANGE && (*members[i]).at == at) active |= 1ul << (i - from);
    for (unsigned i = from; i < to; ++i) {
        if (!(active >> (i - from) & 1)) continue;
        Member& f = (*members[i]);
        f.active = active;
        for (unsigned j = from; j < to; ++j)
            if (active >> (j - from) & 1) copy(f.all + (j - from) * f.size, (*members[j]).value, f.size);
        woken.push_back(i);
    }
    return true;
}

inline void note_divergence(unsigned line, const char* file) {
    if (++divergent[line] == 1) host::print("divergent\t%u\t%u\t%u\t%s\n", run, schedule, line, file);
}

// Lanes that all wait at simdgroup barriers.
inline bool simd_barrier(unsigned g, std::vector<unsigned>& woken, bool force) {
    const unsigned from = g * SIMD, to = from + SIMD < count ? from + SIMD : count;
    Site* site = nullptr;
    bool mixed = false;
    unsigned flags = 3;
    for (unsigned i = from; i < to; ++i) {
        Member& f = (*members[i]);
        if (f.state == ENDED) continue;
        if (f.state != SIMD_BARRIER) {
            if (!force) return false;
            mixed = true;
            continue;
        }
        if (site && site != f.site) mixed = true;
        site = f.site;
        flags &= f.flags;
    }
    if (!site) return false;
    if (mixed) note_divergence(site->line, site->file);
    on_simdgroup(g, flags);
    for (unsigned i = from; i < to; ++i)
        if ((*members[i]).state == SIMD_BARRIER) woken.push_back(i);
    ++site->passed;
    return true;
}

// All threads wait, none at a lane exchange: the threadgroup barrier.
inline bool barrier(std::vector<unsigned>& woken) {
    Site* site = nullptr;
    bool mixed = false;
    unsigned flags = 3;
    for (unsigned i = 0; i < count; ++i) {
        Member& f = (*members[i]);
        if (f.state != BARRIER) continue;
        if (site && site != f.site) mixed = true;
        site = f.site;
        flags &= f.flags;
        woken.push_back(i);
    }
    if (!site) return false;
    if (mixed) note_divergence(site->line, site->file);
    on_threadgroup(flags);
    ++site->passed;
    return true;
}

// Who can go on; empty when all have ended.
inline void resolve(std::vector<unsigned>& woken) {
    const unsigned groups = (count + SIMD - 1) / SIMD;
    bool any = false;
    for (unsigned g = 0; g < groups; ++g) any = exchange(g, woken) || any;
    if (!any) for (unsigned g = 0; g < groups; ++g) any = simd_barrier(g, woken, false) || any;
    // A simdgroup barrier that some lanes never reach is met by those that did.
    if (!any) for (unsigned g = 0; g < groups; ++g) any = simd_barrier(g, woken, true) || any;
    if (!any) barrier(woken);
}

inline Site* site_at(const void* pc, unsigned scope, unsigned line, unsigned column, const char* file) {
    Site*& s = sites[pc];
    if (!s) {
        s = new Site{line, column, scope, 0, file, 0};
        const auto& changed = host::launch().changed;
        for (size_t i = 0; i < changed.size(); ++i)
            if (changed[i].line == line && changed[i].file == file) s->mode = changed[i].mode;
    }
    return s;
}
inline void print_sites() {
    std::map<std::string, unsigned long> passed;
    for (const auto& [pc, site] : sites) {
        char text[512];
        snprintf(text, sizeof text, "%u\t%u\t%u\t%s", site->line, site->column, site->scope, site->file);
        passed[text] += site->passed;
    }
    for (const auto& [text, n] : passed) host::print("barrier\t%lu\t%s\n", n, text.c_str());
}
}  // namespace meet
