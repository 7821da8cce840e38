/* The loop of every compute kernel: independent accumulators, one multiply-add each per iteration, so many that
   latency x pipes is covered. The empty asm costs nothing and makes operand and accumulator unknown to the compiler,
   which would otherwise see that all chains compute the same, and keep one. Accumulators are variables, not an array:
   compilers leave arrays in memory now and then. */
#ifndef MACHINE_CHAINS_H
#define MACHINE_CHAINS_H
#include <stddef.h>
#include <stdint.h>

#define CHAINS_12(M, ...) \
    M(0, __VA_ARGS__)     \
    M(1, __VA_ARGS__)     \
    M(2, __VA_ARGS__)     \
    M(3, __VA_ARGS__)     \
    M(4, __VA_ARGS__)     \
    M(5, __VA_ARGS__)     \
    M(6, __VA_ARGS__) M(7, __VA_ARGS__) M(8, __VA_ARGS__) M(9, __VA_ARGS__) M(10, __VA_ARGS__) M(11, __VA_ARGS__)
#define CHAINS_16(M, ...) \
    CHAINS_12(M, __VA_ARGS__) M(12, __VA_ARGS__) M(13, __VA_ARGS__) M(14, __VA_ARGS__) M(15, __VA_ARGS__)
#define CHAINS_24(M, ...)     \
    CHAINS_16(M, __VA_ARGS__) \
    M(16, __VA_ARGS__)        \
    M(17, __VA_ARGS__)        \
    M(18, __VA_ARGS__) M(19, __VA_ARGS__) M(20, __VA_ARGS__) M(21, __VA_ARGS__) M(22, __VA_ARGS__) M(23, __VA_ARGS__)

#define CHAIN_OPEN(i, vector, zero) vector acc##i = zero;
#define CHAIN_STEP(i, step, constraint)            \
    acc##i = step(acc##i, a, b);                   \
    __asm__ volatile("" : "+" constraint(acc##i)); \
    __asm__ volatile("" : "+" constraint(a));
#define CHAIN_CLOSE(i, out) out[i] = acc##i;

/* What lies in memory, summed as elements. Functions of another file: accumulators that are still needed while a sum is
   made would be kept in memory from the start. */
double chains_sum_f32(const void *lanes, size_t bytes);
double chains_sum_f64(const void *lanes, size_t bytes);
double chains_sum_s32(const void *lanes, size_t bytes);

/* n: 12, 16 or 24 chains; vector: an accumulator; operand: a and b; constraint: of both in asm; load(pointer): an
   operand; step(acc, a, b): the multiply-add; sum: of the accumulators. */
#define CHAIN_KERNEL(function, n_chains, vector, operand, constraint, zero, load, step, sum)                \
    double function(int64_t n, const void *a_bytes, const void *b_bytes)                                    \
    {                                                                                                       \
        operand a = load(a_bytes), b = load(b_bytes);                                                       \
        vector out[n_chains];                                                                               \
        CHAINS_##n_chains(CHAIN_OPEN, vector, zero) for (int64_t r = 0; r < n; r++){CHAINS_##n_chains(      \
            CHAIN_STEP, step, constraint)} CHAINS_##n_chains(CHAIN_CLOSE, out) return sum(out, sizeof out); \
    }
#endif
