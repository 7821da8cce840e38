/* The threads where oneDNN works beside our kernels: OpenMP's, so that both take turns on the same pinned threads. */
#ifndef ENGINE_CREW_H
#define ENGINE_CREW_H
#include "base/team.h"

#include <stdbool.h>

struct crew;
/* n threads, thread i pinned to cpu[i]; the caller is thread 0 and is pinned until crew_free. Denormals are flushed
   while they run, or kept as IEEE 754 has them. */
gable_status crew_new(int n, const int *cpu, bool flushes, struct crew **out, gable_error *e);
void crew_free(struct crew *c); /* NULL is fine */
/* For how many threads libraries that run on OpenMP prepare their work from here on; gives what it was before. */
int crew_expect(int n);
/* Around everything that runs: the threads are where they should be, and so is their arithmetic. */
void crew_enter(struct crew *c);
void crew_leave(struct crew *c);
/* work(arg, part, n) on every thread; returns when all are done. */
void crew_run(struct crew *c, team_work *work, void *arg);
int crew_size(const struct crew *c);
/* The kernel's thread ids and the CPUs that they are pinned to. */
const int *crew_tids(const struct crew *c);
const int *crew_cpus(const struct crew *c);
/* Part `part` of 0..n. */
struct range {
    long first, last;
};
static inline struct range range_of(long n, int part, int parts)
{
    return (struct range){n * part / parts, n * (part + 1) / parts};
}
#endif
