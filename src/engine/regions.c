#include "engine/regions.h"

#include <stddef.h>
#include <time.h>

/* GCC's OpenMP runtime, without the compiler's pragmas: clang would bring another one. Start, own part and end are what
   its own GOMP_parallel does. */
void GOMP_parallel_start(void (*work)(void *), void *arg, unsigned threads);
void GOMP_parallel_end(void);
int omp_get_thread_num(void);

static _Thread_local struct regions_watch *watching; /* of the thread that starts regions, since they have no context */

void regions_watch(struct regions_watch *w) { watching = w; }

struct region {
    void (*work)(void *);
    void *arg;
    struct regions_watch *watch;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void work_watched(void *arg)
{
    const struct region *r = arg;
    double begin = now_ns();
    r->work(r->arg);
    r->watch->worked(r->watch, omp_get_thread_num(), begin, now_ns());
}

static void run(void (*work)(void *), void *arg, unsigned threads)
{
    GOMP_parallel_start(work, arg, threads);
    work(arg);
    GOMP_parallel_end();
}

void regions_run(void (*work)(void *), void *arg, unsigned threads, unsigned flags)
{
    struct region seen = {work, arg, watching};
    (void)flags;
    if (seen.watch)
        run(work_watched, &seen, threads);
    else
        run(work, arg, threads);
}
