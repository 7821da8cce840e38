/* The threads of a trainer: OpenMP's, so that oneDNN and our kernels take turns on the same pinned threads. */
#ifndef ENGINE_TRAIN_CREW_H
#define ENGINE_TRAIN_CREW_H
#include "base/team.h"
#include "engine/cpu/kernels/kernels.h"

struct crew;
/* n threads, thread i for cpu[i]. */
gable_status crew_new(int n, const int *cpu, struct crew **out, gable_error *e);
void crew_free(struct crew *c); /* NULL is fine */
/* Around everything that runs: pins the threads, flushes denormals; crew_leave gives the caller its mask back. */
void crew_enter(struct crew *c);
void crew_leave(struct crew *c);
/* work(arg, part, n) on every thread; returns when all are done. */
void crew_run(struct crew *c, team_work *work, void *arg);
/* Part `part` of 0..n. */
struct range {
    long first, last;
};
static inline struct range range_of(long n, int part, int parts)
{
    return (struct range){n * part / parts, n * (part + 1) / parts};
}
#endif
