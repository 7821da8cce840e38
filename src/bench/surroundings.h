/* What the machine did to the whole run: quota, steal, throttling, suspension. Read at both ends. */
#ifndef BENCH_SURROUNDINGS_H
#define BENCH_SURROUNDINGS_H
#include "base/cpus.h"
#include "bench/record.h"

struct surroundings {       /* -1 where unknown */
    int64_t n_throttled;    /* periods in which a cgroup quota stopped this process */
    int64_t stolen, ticks;  /* of all CPUs */
    int64_t core_throttles; /* thermal */
    int64_t suspended_ns;   /* CLOCK_BOOTTIME - CLOCK_MONOTONIC; 0 for another root */
    bool is_virtual;
};
/* `root` is "" for this machine or a folder that stands for /. */
void surroundings_read(const char *root, struct surroundings *out);
/* Judges by both ends; after the probes have been summarised, since throttling matters only when they fell. */
void surroundings_judge(struct run *r, const struct surroundings *before, const struct surroundings *after,
                        const struct cpus *cpus, int threads_asked, double probes_fell);
#endif
