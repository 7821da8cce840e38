/* A team of pinned threads that run one function together. Thread 0 is the caller. Between runs the others spin for a
   short while, then sleep; inside a run they meet at team_barrier, which spins. */
#ifndef BASE_TEAM_H
#define BASE_TEAM_H
#include "base/error.h"

#include <stdint.h>

struct team;
typedef void team_work(void *arg, int part, int parts);

/* n threads, thread i pinned to cpu[i]. The caller is pinned too until team_free. */
gable_status team_new(int n, const int *cpu, struct team **out, gable_error *e);
void team_free(struct team *t); /* NULL is fine; the caller gets its old mask back */
/* work(arg, part, n) on every thread; returns when all are done. Not reentrant. */
void team_run(struct team *t, team_work *work, void *arg);
/* All threads of the running work meet. */
void team_barrier(struct team *t);
int team_size(const struct team *t);
/* The kernel's thread ids and the CPUs that they were pinned to, team_size of them. */
const int *team_tids(const struct team *t);
const int *team_cpus(const struct team *t);
#endif
