/* Seeded random numbers of the simulated worlds. */
#ifndef TESTS_BENCH_RANDOM_H
#define TESTS_BENCH_RANDOM_H
#include <stdint.h>

struct random {
    uint64_t state; /* the seed */
};
double random_uniform(struct random *r); /* in (0, 1) */
double random_normal(struct random *r);
double random_exponential(struct random *r); /* mean 1 */
#endif
