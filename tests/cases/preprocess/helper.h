#ifndef HELPER_H
#define HELPER_H
#define HELP(T, x) static_cast<T>(x)
#define SYNC() threadgroup_barrier(mem_flags::mem_threadgroup)
inline float helper(float x) { return HELP(float, x) + __INCLUDE_LEVEL__; }
#endif
