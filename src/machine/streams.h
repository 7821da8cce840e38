/* The four streams over one vector type, with cached stores and with stores past the caches. The empty asm keeps the
   compiler from making memcpy and memset of the loops and from dropping loads that nobody reads. */
#ifndef MACHINE_STREAMS_H
#define MACHINE_STREAMS_H
#include "machine/kernels.h"

#if defined __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

#define STREAM(function, vector, constraint, fence, body)                                       \
    static void function(int64_t repeats, char *a, const char *b, const char *c, int64_t bytes) \
    {                                                                                           \
        (void)b, (void)c;                                                                       \
        for (int64_t r = 0; r < repeats; r++) {                                                 \
            vector v = ONE;                                                                     \
            for (int64_t i = 0; i < bytes; i += 8 * (int64_t)sizeof v) {                        \
                UNROLL                                                                          \
                for (int j = 0; j < 8; j++) {                                                   \
                    int64_t at = i + j * (int64_t)sizeof v;                                     \
                    body;                                                                       \
                    __asm__ volatile("" : "+" constraint(v));                                   \
                }                                                                               \
            }                                                                                   \
            fence;                                                                              \
            __asm__ volatile("" ::: "memory");                                                  \
        }                                                                                       \
    }
/* load(p), store(p, v), push(p, v) past the caches, triad(b, c) = b + 3 c; ONE is a vector of ones. */
#define STREAM_KERNELS(table, vector, constraint, load, store, push, fence, triad)                             \
    STREAM(stream_read, vector, constraint, , v = load(a + at))                                                \
    STREAM(stream_write, vector, constraint, , store(a + at, v))                                               \
    STREAM(stream_copy, vector, constraint, , v = load(b + at); store(a + at, v))                              \
    STREAM(stream_triad, vector, constraint, , v = triad(load(b + at), load(c + at)); store(a + at, v))        \
    STREAM(stream_write_nt, vector, constraint, fence, push(a + at, v))                                        \
    STREAM(stream_copy_nt, vector, constraint, fence, v = load(b + at); push(a + at, v))                       \
    STREAM(stream_triad_nt, vector, constraint, fence, v = triad(load(b + at), load(c + at)); push(a + at, v)) \
    const struct stream_kernel table[STREAM_KERNELS_N] = {                                                     \
        {"read", 1, false, stream_read},        {"write", 1, false, stream_write},                             \
        {"copy", 2, false, stream_copy},        {"triad", 3, false, stream_triad},                             \
        {"write nt", 1, true, stream_write_nt}, {"copy nt", 2, true, stream_copy_nt},                          \
        {"triad nt", 3, true, stream_triad_nt},                                                                \
    }
#endif
