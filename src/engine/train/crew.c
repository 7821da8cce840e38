#include "engine/train/crew.h"

#include "engine/cpu/denormals.h"

#include <sched.h>
#include <stdlib.h>

/* GCC's OpenMP runtime, which oneDNN is built on, without the compiler's pragmas: clang would bring another one. */
void GOMP_parallel(void (*work)(void *), void *arg, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
void omp_set_num_threads(int n);
int omp_get_max_threads(void);

struct crew {
    int n, threads_before;
    cpu_set_t before;
    bool has_before;
    uint64_t *denormals;
    int cpu[];
};
struct job {
    struct crew *crew;
    team_work *work;
    void *arg;
};

gable_status crew_new(int n, const int *cpu, struct crew **out, gable_error *e)
{
    struct crew *c = calloc(1, sizeof *c + (size_t)n * sizeof c->cpu[0]);
    if (c) c->denormals = calloc((size_t)n, sizeof *c->denormals);
    if (!c || !c->denormals) {
        crew_free(c);
        return error_set(e, GABLE_NO_MEMORY, "no memory for %d threads", n);
    }
    c->n = n;
    for (int i = 0; i < n; i++) c->cpu[i] = cpu[i];
    *out = c;
    return GABLE_OK;
}
void crew_free(struct crew *c)
{
    if (c) free(c->denormals);
    free(c);
}

static void work_of(void *arg)
{
    const struct job *j = arg;
    j->work(j->arg, omp_get_thread_num(), j->crew->n);
}
void crew_run(struct crew *c, team_work *work, void *arg)
{
    struct job j = {.crew = c, .work = work, .arg = arg};
    GOMP_parallel(work_of, &j, (unsigned)c->n, 0);
}

static void settle(void *arg, int part, int parts)
{
    struct crew *c = arg;
    cpu_set_t mine;
    (void)parts;
    CPU_ZERO(&mine);
    CPU_SET((size_t)c->cpu[part], &mine);
    sched_setaffinity(0, sizeof mine, &mine);
    c->denormals[part] = denormals_flush();
}
static void unsettle(void *arg, int part, int parts)
{
    struct crew *c = arg;
    (void)parts;
    if (c->has_before) sched_setaffinity(0, sizeof c->before, &c->before);
    denormals_restore(c->denormals[part]);
}
void crew_enter(struct crew *c)
{
    c->threads_before = omp_get_max_threads();
    omp_set_num_threads(c->n);
    c->has_before = sched_getaffinity(0, sizeof c->before, &c->before) == 0;
    crew_run(c, settle, c);
}
void crew_leave(struct crew *c)
{
    crew_run(c, unsettle, c);
    omp_set_num_threads(c->threads_before);
}
