/* The least time that a fused group can take: its arithmetic at the peak, or its data from where the plan can hold
   them. A roof of DRAM alone would not be a floor: an engine that keeps an image in its caches passes under it. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H
#include "machine/machine.h"

struct cache_roofs {               /* zero: unknown, DRAM's bandwidth stands in */
    size_t near_bytes, last_bytes; /* the second level of one core; the last level, all of it */
    double near, last;             /* byte/s, all threads together */
};
/* The highest valid bandwidth of both levels with so many threads. */
void cache_roofs_of(const struct machine *m, int threads, struct cache_roofs *out);

struct floor_plan {     /* of the whole session */
    double arena_bytes; /* activations of all threads */
    double weight_bytes;
    int shares; /* images side by side, or threads that share one: a group's activations come in so many pieces */
};
struct floor_work { /* of one group, whole batch */
    double flops, weight_bytes, activation_bytes;
};
/* max(flops / peak, weights / B_w + activations / B_a), ns. B_a: of the second level where a piece of the activations
   fits it, of the last level where the arena fits it, else of DRAM. B_w: of the last level where weights and arena fit
   it together, else of DRAM. */
double floor_ns(const struct roof *roof, const struct cache_roofs *caches, const struct floor_plan *plan,
                const struct floor_work *work);
#endif
