#include "base/team.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS_BEFORE_SLEEP = 20000 }; /* about 0.2 ms: longer than the gap between two passes of a benchmark */

struct member {
    struct team *team;
    pthread_t thread;
    int part;
};
struct team {
    int n, *cpus, *tids;
    struct member *members;
    cpu_set_t old_mask;
    team_work *work;
    void *arg;
    bool is_ending;
    atomic_int started;            /* members that are pinned and known by their thread id */
    _Alignas(64) atomic_int round; /* a new number starts a run */
    _Alignas(64) atomic_int arrived;
    _Alignas(64) atomic_int phase;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_int sleepers;
};

static inline void pause_cpu(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

void team_barrier(struct team *t)
{
    if (t->n < 2) return;
    int phase = atomic_load_explicit(&t->phase, memory_order_acquire);
    if (atomic_fetch_add_explicit(&t->arrived, 1, memory_order_acq_rel) == t->n - 1) {
        atomic_store_explicit(&t->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&t->phase, phase + 1, memory_order_release);
        return;
    }
    for (int i = 0; atomic_load_explicit(&t->phase, memory_order_acquire) == phase; i++) {
        pause_cpu();
        if (i > SPINS_BEFORE_SLEEP) sched_yield(); /* more threads than CPUs: let the others come */
    }
}

static void wait_for_round(struct team *t, int seen)
{
    for (int i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        if (atomic_load_explicit(&t->round, memory_order_acquire) != seen) return;
        pause_cpu();
    }
    pthread_mutex_lock(&t->lock);
    atomic_fetch_add(&t->sleepers, 1);
    while (atomic_load(&t->round) == seen) pthread_cond_wait(&t->wake, &t->lock);
    atomic_fetch_sub(&t->sleepers, 1);
    pthread_mutex_unlock(&t->lock);
}

static void start_round(struct team *t)
{
    atomic_fetch_add(&t->round, 1);
    if (atomic_load(&t->sleepers) == 0) return;
    pthread_mutex_lock(&t->lock);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set); /* refused in some containers: the sampler sees it */
}

static void *member_main(void *arg)
{
    const struct member *m = arg;
    struct team *t = m->team;
    pin(t->cpus[m->part]);
    t->tids[m->part] = (int)syscall(SYS_gettid);
    atomic_fetch_add(&t->started, 1);
    for (int seen = 0;; seen++) {
        wait_for_round(t, seen);
        if (t->is_ending) return NULL;
        t->work(t->arg, m->part, t->n);
        team_barrier(t);
    }
}

/* Where a thread cannot be started, those before it make up the team, which its maker then ends. */
static gable_status start_members(struct team *t, gable_error *e)
{
    for (int i = 1; i < t->n; i++) {
        t->members[i] = (struct member){.team = t, .part = i};
        int why = pthread_create(&t->members[i].thread, NULL, member_main, &t->members[i]);
        if (why) {
            gable_status s =
                error_set(e, GABLE_FAILED, "thread %d of %d cannot be started: %s", i + 1, t->n, strerror(why));
            t->n = i;
            return s;
        }
    }
    while (atomic_load(&t->started) < t->n - 1) sched_yield();
    return GABLE_OK;
}

gable_status team_new(int n, const int *cpu, struct team **out, gable_error *e)
{
    struct team *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    if (!t) return error_set(e, GABLE_NO_MEMORY, "no memory for %d threads", n);
    *t = (struct team){.n = n, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    t->cpus = calloc((size_t)n, sizeof *t->cpus);
    t->tids = calloc((size_t)n, sizeof *t->tids);
    t->members = calloc((size_t)n, sizeof *t->members);
    sched_getaffinity(0, sizeof t->old_mask, &t->old_mask);
    if (!t->cpus || !t->tids || !t->members) {
        t->n = 1;
        team_free(t);
        return error_set(e, GABLE_NO_MEMORY, "no memory for %d threads", n);
    }
    memcpy(t->cpus, cpu, (size_t)n * sizeof *cpu);
    gable_status s = start_members(t, e);
    if (s) {
        team_free(t);
        return s;
    }
    pin(cpu[0]);
    t->tids[0] = (int)syscall(SYS_gettid);
    *out = t;
    return GABLE_OK;
}

void team_free(struct team *t)
{
    if (!t) return;
    if (t->n > 1) {
        t->is_ending = true;
        start_round(t);
        for (int i = 1; i < t->n; i++) pthread_join(t->members[i].thread, NULL);
    }
    sched_setaffinity(0, sizeof t->old_mask, &t->old_mask);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    free(t->members);
    free(t->tids);
    free(t->cpus);
    free(t);
}

void team_run(struct team *t, team_work *work, void *arg)
{
    t->work = work;
    t->arg = arg;
    if (t->n > 1) start_round(t);
    work(arg, 0, t->n);
    team_barrier(t);
}

int team_size(const struct team *t) { return t->n; }
const int *team_tids(const struct team *t) { return t->tids; }
const int *team_cpus(const struct team *t) { return t->cpus; }
