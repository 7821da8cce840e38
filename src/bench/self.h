/* What a sampling world reads of its own process: the clock, the memory that it holds. */
#ifndef BENCH_SELF_H
#define BENCH_SELF_H
#include <stddef.h>
#include <stdint.h>

struct world;
int64_t self_now_ns(struct world *w); /* world.now_ns of every real machine; w is not looked at */

/* Resident bytes, not of files, that come on top of what the process held before. */
struct resident {
    size_t before, peak;
};
struct resident resident_begin(void);
void resident_forget(void);            /* the peak so far, which set-up made; without the right to, it stays */
void resident_end(struct resident *r); /* reads the peak; later calls change nothing */
#endif
