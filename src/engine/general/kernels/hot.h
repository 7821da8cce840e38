/* Loops that the compiler turns into vectors, once per instruction set of the processor it may meet. */
#ifndef ENGINE_GENERAL_KERNELS_HOT_H
#define ENGINE_GENERAL_KERNELS_HOT_H

#if defined __x86_64__ && defined __gnu_linux__ && !defined __SANITIZE_ADDRESS__ && !defined __clang_analyzer__
#define HOT __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define HOT
#endif

/* A loop whose turns do not depend on each other, even where the output is one of the inputs. */
#if defined __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* some (remainders, libm calls) have no vectors */
#define EACH(i, n) _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < (n); i++)
#else
#define EACH(i, n) _Pragma("GCC ivdep") for (int64_t i = 0; i < (n); i++)
#endif

/* Accumulators side by side stay a loop, which becomes vectors; taken apart they would stay single. */
#if defined __clang__
#define SIDE_BY_SIDE(j, n) for (int j = 0; j < (n); j++)
#else
#define SIDE_BY_SIDE(j, n) _Pragma("GCC unroll 1") for (int j = 0; j < (n); j++)
#endif

/* Few turns, written out: what an array holds stays in registers. */
#if defined __clang__
#define UNROLLED(j, n) _Pragma("clang loop unroll(full)") for (int j = 0; j < (n); j++)
#else
#define UNROLLED(j, n) _Pragma("GCC unroll 16") for (int j = 0; j < (n); j++)
#endif

enum { GRAIN = 1 << 14 }; /* elements of cheap work that are worth waking a thread for */
#endif
