#include "bench/watch.h"

#include "bench/defaults.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Second field: nanoseconds spent waiting on a run queue. */
static int64_t delay_of(int fd)
{
    char line[96];
    ssize_t n = pread(fd, line, sizeof line - 1, 0);
    if (n <= 0) return 0;
    line[n] = '\0';
    const char *second = strchr(line, ' ');
    return second ? strtoll(second + 1, NULL, 10) : 0;
}

static void count_usage(struct watch *w)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u)) return;
    w->minor = u.ru_minflt;
    w->major = u.ru_majflt;
    w->switches = u.ru_nivcsw;
}

gable_status watch_threads(int n, const int *tids, const int *cpus, struct watch *out, gable_error *e)
{
    *out = (struct watch){.tids = tids, .cpus = cpus, .n_threads = n};
    out->fd = calloc((size_t)out->n_threads, sizeof *out->fd);
    out->delay_ns = calloc((size_t)out->n_threads, sizeof *out->delay_ns);
    if (!out->fd || !out->delay_ns) {
        watch_release(out);
        return error_set(e, GABLE_NO_MEMORY, "no memory to watch the threads");
    }
    for (; out->n < out->n_threads; out->n++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", out->tids[out->n]);
        if ((out->fd[out->n] = open(path, O_RDONLY | O_CLOEXEC)) < 0) break;
    }
    if (out->n < out->n_threads) { /* all or none */
        for (int i = 0; i < out->n; i++) close(out->fd[i]);
        out->n = 0;
    }
    return GABLE_OK;
}

void watch_release(struct watch *w)
{
    for (int i = 0; w->fd && i < w->n; i++) close(w->fd[i]);
    free(w->fd);
    free(w->delay_ns);
    *w = (struct watch){0};
}

void watch_before(struct watch *w)
{
    for (int i = 0; i < w->n; i++) w->delay_ns[i] = delay_of(w->fd[i]);
    count_usage(w);
}

uint32_t watch_after(struct watch *w, int64_t ns, uint32_t *minor_faults)
{
    struct watch then = *w;
    uint32_t marks = 0;
    count_usage(w);
    for (int i = 0; i < w->n; i++)
        if ((double)(delay_of(w->fd[i]) - w->delay_ns[i]) > BENCH_WAITED_SHARE * (double)ns) marks |= MARK_WAITED;
    if (w->n == 0 && w->switches > then.switches) marks |= MARK_WAITED;
    if (w->major > then.major) marks |= MARK_MAJOR_FAULT;
    if (sched_getcpu() != w->cpus[0]) marks |= MARK_MOVED; /* thread 0 is the caller; the others' masks hold one CPU */
    *minor_faults = (uint32_t)(w->minor - then.minor);
    return marks;
}

/* Field 39 of stat, counted from the name's closing bracket; -1 where it cannot be read. */
static int last_cpu(int tid)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *f = fopen(path, "re");
    const char *p = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    if (f) fclose(f);
    for (int field = 2; p && field < 39; field++) p = strchr(p + 1, ' ');
    return p ? atoi(p + 1) : -1;
}

bool watch_shares_cpu(const struct watch *w)
{
    bool seen[WATCH_THREADS] = {false};
    for (int i = 0; i < w->n_threads; i++) {
        int cpu = last_cpu(w->tids[i]);
        if (cpu < 0 || cpu >= WATCH_THREADS) continue;
        if (seen[cpu]) return true;
        seen[cpu] = true;
    }
    return false;
}
