#include "engine/regions.h"

#include <stddef.h>
#include <time.h>

/* GCC's OpenMP runtime, without the compiler's pragmas. Start, own part and end are what its GOMP_parallel does; that
   name is defined here, so that regions of the libraries beside us come by too. */
void GOMP_parallel_start(void (*work)(void *), void *arg, unsigned threads);
void GOMP_parallel_end(void);
void GOMP_parallel(void (*work)(void *), void *arg, unsigned threads, unsigned flags);
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

static void run_region(void (*work)(void *), void *arg, unsigned threads)
{
    GOMP_parallel_start(work, arg, threads);
    work(arg);
    GOMP_parallel_end();
}

/* The flags bind threads to places, which nobody asks for here: a crew pins its own. */
void GOMP_parallel(void (*work)(void *), void *arg, unsigned threads, unsigned flags)
{
    struct region seen = {work, arg, watching};
    (void)flags;
    if (seen.watch)
        run_region(work_watched, &seen, threads);
    else
        run_region(work, arg, threads);
}
