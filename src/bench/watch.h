/* Contention, seen from inside: what happened to a run's threads between two looks. The look never sees a median. */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H
#include "base/error.h"
#include "bench/record.h"

enum { WATCH_THREADS = 1024 };
struct watch {
    int n;                  /* threads; 0 where the kernel keeps no schedstat: then involuntary switches are counted */
    int *fd;                /* /proc/self/task/TID/schedstat, kept open */
    int64_t *delay_ns;      /* each thread's time spent waiting for a CPU, at the last look */
    const int *tids, *cpus; /* the team's; borrowed */
    int n_threads;
    int64_t minor, major, switches;
};
/* n threads, pinned each to its CPU; the caller is the first. Both lists are borrowed. */
gable_status watch_threads(int n, const int *tids, const int *cpus, struct watch *out, gable_error *e);
void watch_release(struct watch *w);
void watch_before(struct watch *w);
/* MARK_* of what happened since watch_before, to a sample of that length. */
uint32_t watch_after(struct watch *w, int64_t ns, uint32_t *minor_faults);
/* Do two threads report one CPU? */
bool watch_shares_cpu(const struct watch *w);
#endif
