// The buffers of a launch, the values of built-in inputs, and the comparison of results. Used by both runtimes.
#pragma once
#include "ub_host.h"

namespace host {
struct Buffer {
    std::string name;
    size_t start, size;  // within the arena
    bool compared;
};

inline unsigned char* arena = nullptr;
inline size_t arena_size = 0;
constexpr size_t GAP = 256;

// Values of a thread's built-in inputs, in the order of the kernel's parameters.
inline void set_builtins(unsigned (*out)[3], const ub_kernel& k, unsigned t, const unsigned (&group)[3]) {
    const auto& l = launch();
    const unsigned x = l.threadgroup[0], y = l.threadgroup[1], n = x * y * l.threadgroup[2];
    const unsigned local[3] = {t % x, t / x % y, t / (x * y)};
    for (unsigned p = 0; p < k.count; ++p) {
        unsigned* v = out[p];
        v[0] = v[1] = v[2] = 0;
        if (!k.params[p].attribute || !strcmp(k.params[p].attribute, "threadgroup")) continue;
        const std::string a = k.params[p].attribute;
        auto three = [&](auto f) { for (int i = 0; i < 3; ++i) v[i] = f(i); };
        if (a == "thread_index_in_threadgroup") v[0] = t;
        else if (a == "thread_position_in_threadgroup") three([&](int i) { return local[i]; });
        else if (a == "thread_position_in_grid") three([&](int i) { return group[i] * l.threadgroup[i] + local[i]; });
        else if (a == "threadgroup_position_in_grid") three([&](int i) { return group[i]; });
        else if (a == "threads_per_threadgroup" || a == "dispatch_threads_per_threadgroup") three([&](int i) { return l.threadgroup[i]; });
        else if (a == "threads_per_grid" || a == "grid_size") three([&](int i) { return l.grid[i] * l.threadgroup[i]; });
        else if (a == "threadgroups_per_grid") three([&](int i) { return l.grid[i]; });
        else if (a == "thread_index_in_simdgroup") v[0] = t % 32;
        else if (a == "simdgroup_index_in_threadgroup") v[0] = t / 32;
        else if (a == "threads_per_simdgroup" || a == "thread_execution_width") v[0] = 32;
        else if (a == "simdgroups_per_threadgroup" || a == "dispatch_simdgroups_per_threadgroup") v[0] = (n + 31) / 32;
        else if (a == "thread_index_in_quadgroup") v[0] = t % 4;
        else if (a == "quadgroup_index_in_threadgroup") v[0] = t / 4;
        else if (a == "quadgroups_per_threadgroup") v[0] = (n + 3) / 4;
        else if (a != "grid_origin") fail("parameter `%s` has the attribute `%s`, which is not known", k.params[p].name, a.c_str());
    }
}

// Lays out and fills the buffers of the launch.
inline std::vector<Buffer> make_buffers(const ub_kernel& k, void** memory, std::vector<unsigned char>& pristine, size_t& shared_from) {
    const auto& l = launch();
    std::vector<ub_shape> shapes(k.count);
    k.describe(shapes.data());
    std::vector<Buffer> out;
    size_t at = GAP;
    std::vector<const Memory*> given(k.count);
    // Threadgroup memory comes last, in a part of its own.
    for (int shared = 0; shared < 2; ++shared) {
        if (shared) shared_from = at = (at + 4095) & ~(size_t)4095;
        for (unsigned p = 0; p < k.count; ++p) {
            const char* a = k.params[p].attribute;
            const bool local = a && !strcmp(a, "threadgroup");
            if (shapes[p].size == 0 || (a && !local) || local != (bool)shared) continue;
            for (const auto& m : l.memory)
                if (m.name == k.params[p].name) given[p] = &m;
            const unsigned long count = given[p] ? given[p]->count : shapes[p].reference ? 1 : 0;
            if (!given[p] && !shapes[p].reference) fail("the launch does not say how large `%s` is", k.params[p].name);
            at = (at + 255) & ~(size_t)255;
            out.push_back(Buffer{k.params[p].name, at, count * shapes[p].size, !local});
            at += count * shapes[p].size + GAP;
        }
    }
    arena_size = (at + 4095) & ~(size_t)4095;
    arena = (unsigned char*)mmap(nullptr, arena_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (arena == MAP_FAILED) fail("not enough memory for buffers of %zu bytes", arena_size);
    for (unsigned p = 0; p < k.count; ++p)
        for (const Buffer& b : out)
            if (b.name == k.params[p].name) {
                memory[p] = arena + b.start;
                if (given[p] && b.compared) fill(arena + b.start, shapes[p], given[p]->count, given[p]->fill);
                if (given[p] && b.compared)
                    for (const auto& [at, bytes] : given[p]->patches)
                        if (at + bytes.size() <= b.size) memcpy(arena + b.start + at, bytes.data(), bytes.size());
            }
    for (const auto& [name, value] : l.scalars) {
        bool found = false;
        for (unsigned i = 0; i < k.scalars; ++i)
            if (name == k.scalar_names[i] && memory[k.scalar_param(i)]) k.set(i, memory, value), found = true;
        if (!found) fail("the kernel has no parameter `%s`", name.c_str());
    }
    pristine.assign(arena, arena + arena_size);
    return out;
}

inline void compare(const std::vector<Buffer>& buffers, const std::vector<unsigned char>& reference, const char* word, unsigned run, unsigned schedule) {
    for (const Buffer& b : buffers) {
        if (!b.compared || memcmp(arena + b.start, reference.data() + b.start, b.size) == 0) continue;
        size_t first = b.size, count = 0;
        for (size_t i = 0; i < b.size; ++i)
            if (arena[b.start + i] != reference[b.start + i]) first = i < first ? i : first, ++count;
        print("%s\t%u\t%u\t%s\t%zu\t%zu\t%zu\n", word, run, schedule, b.name.c_str(), first, count, b.size);
    }
}
}  // namespace host
