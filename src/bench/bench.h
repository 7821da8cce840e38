/* Really running: warm-up until steady, samples until the interval is narrow or the budget ends, validity. The rules
   are docs/METRICS.md's; defaults stand once in bench/defaults.h. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H
#include "bench/record.h"
#include "engine/engine.h"
#include "machine/machine.h"

struct bench_options { /* zero means the default */
    const char *model;
    int batch, height, width;
    struct engine_options engine;
    double budget_s;  /* 10; slow passes may take 6 times that for 6 samples */
    double least_s;   /* 1 */
    double precision; /* 0.01: relative half-width that ends sampling */
    uint64_t seed;
    bool quick;
    struct roof roof; /* zero: measured first (machine_options.only_roof) */
    bool in_process;  /* else a fresh child process: new layout, own peak RSS, survives its own crash */
    void (*progress)(void *arg, const char *what, double share);
    void *progress_arg;
};
/* One point. A run that cannot be trusted is still GABLE_OK, with run->valid false and its reason; errors are for what
   never began. Caller releases the run. */
gable_status bench_point(const struct cpus *cpus, const struct bench_options *options, const volatile bool *interrupted,
                         struct run *out, gable_error *e);
#endif
