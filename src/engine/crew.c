#include "engine/crew.h"

#include "engine/cpu/denormals.h"
#include "engine/regions.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

int omp_get_thread_num(void);
void omp_set_num_threads(int n);
int omp_get_max_threads(void);

struct crew {
    int n, threads_before;
    cpu_set_t before;
    bool has_before, flushes;
    uint64_t *denormals;
    int *tids, *cpus;
};
struct job {
    struct crew *crew;
    team_work *work;
    void *arg;
};

static void work_of(void *arg)
{
    const struct job *j = arg;
    j->work(j->arg, omp_get_thread_num(), j->crew->n);
}
void crew_run(struct crew *c, team_work *work, void *arg)
{
    struct job j = {.crew = c, .work = work, .arg = arg};
    regions_run(work_of, &j, (unsigned)c->n, 0);
}

/* The runtime may have made new threads since: each one looks where it is. */
static void settle(void *arg, int part, int parts)
{
    struct crew *c = arg;
    (void)parts;
    if (c->tids[part] != gettid() || sched_getcpu() != c->cpus[part]) {
        cpu_set_t mine;
        CPU_ZERO(&mine);
        CPU_SET((size_t)c->cpus[part], &mine);
        sched_setaffinity(0, sizeof mine, &mine);
        c->tids[part] = gettid();
    }
    if (c->flushes) c->denormals[part] = denormals_flush();
}
static void unsettle(void *arg, int part, int parts)
{
    const struct crew *c = arg;
    (void)parts;
    if (c->flushes) denormals_restore(c->denormals[part]);
}
static void unpin(void *arg, int part, int parts)
{
    const struct crew *c = arg;
    (void)part;
    (void)parts;
    sched_setaffinity(0, sizeof c->before, &c->before);
}

gable_status crew_new(int n, const int *cpu, bool flushes, struct crew **out, gable_error *e)
{
    struct crew *c = calloc(1, sizeof *c);
    if (c) {
        c->n = n;
        c->flushes = flushes;
        c->denormals = calloc((size_t)n, sizeof *c->denormals);
        c->tids = calloc((size_t)n, sizeof *c->tids);
        c->cpus = calloc((size_t)n, sizeof *c->cpus);
        c->has_before = sched_getaffinity(0, sizeof c->before, &c->before) == 0;
    }
    if (!c || !c->denormals || !c->tids || !c->cpus) {
        if (c) c->has_before = false;
        crew_free(c);
        return error_set(e, GABLE_NO_MEMORY, "no memory for %d threads", n);
    }
    for (int i = 0; i < n; i++) c->cpus[i] = cpu[i];
    crew_enter(c);
    crew_leave(c);
    *out = c;
    return GABLE_OK;
}
void crew_free(struct crew *c)
{
    if (!c) return;
    if (c->has_before) crew_run(c, unpin, c);
    free(c->denormals);
    free(c->tids);
    free(c->cpus);
    free(c);
}
int crew_expect(int n)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(n);
    return before;
}
void crew_enter(struct crew *c)
{
    c->threads_before = crew_expect(c->n);
    crew_run(c, settle, c);
}
void crew_leave(struct crew *c)
{
    crew_run(c, unsettle, c);
    omp_set_num_threads(c->threads_before);
}
int crew_size(const struct crew *c) { return c->n; }
const int *crew_tids(const struct crew *c) { return c->tids; }
const int *crew_cpus(const struct crew *c) { return c->cpus; }
