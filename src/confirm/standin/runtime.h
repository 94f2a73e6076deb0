// What compiled kernels and the runtime know of each other. Included by both.
#pragma once

// A parameter of a kernel: memory (attribute null) or a built-in position or size.
struct ub_param {
    const char* name;
    const char* attribute;
};
// What memory parameters hold: bytes and alignment of an element, and the scalars that fill it: 'u', 'i', 'f' (real), 'b' (bfloat) or '?', bytes of one, how many.
struct ub_shape {
    unsigned long size, align, bytes, lanes;
    char scalar;
    bool reference;
};
struct ub_value {
    bool real;
    long whole;
    double number;
};
struct ub_kernel {
    const char* name;
    unsigned count;
    const ub_param* params;
    void (*describe)(ub_shape* out);
    // Runs one thread: addresses of memory parameters, values of built-in ones.
    void (*call)(void* const* memory, const unsigned (*builtin)[3]);
    unsigned scalars;
    const char* const* scalar_names;
    void (*set)(unsigned scalar, void* const* memory, const ub_value& value);
    unsigned (*scalar_param)(unsigned scalar);
};

extern "C" {
extern const ub_kernel ub_kernels[];
extern const unsigned ub_kernel_count;

// Every live lane of the simdgroup that reaches this call gives a value of at most 32 bytes and gets those of all: an array by lane. Orders no memory.
const void* ub_exchange(const void* value, unsigned size, unsigned long* active);
unsigned ub_lane();
// scope 0: threadgroup, 1: simdgroup. flags: bit 0 device memory, bit 1 threadgroup memory.
void ub_barrier(unsigned scope, unsigned flags, unsigned line, unsigned column, const char* file);
// Between begin and end, accesses belong to the simdgroup as a whole.
void ub_tile(bool begin);
// A threadgroup variable.
void ub_name(const char* name, const void* at, unsigned long size);
// The value of function constant n; false where the launch does not define it.
bool ub_function_constant(unsigned number, ub_value* out);
}
