/* Really running: warm-up until steady, samples until the interval is narrow or the budget ends, validity. The rules
   are docs/METRICS.md's; defaults stand once in bench/defaults.h. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H
#include "bench/floor.h"
#include "bench/record.h"
#include "engine/engine.h"
#include "machine/machine.h"
#include "model/model.h"

struct bench_options { /* zero means the default */
    const char *model;
    int batch, height, width;
    int n_shapes; /* of inputs, as in model_options; borrowed */
    const struct onnx_shape *shapes;
    struct engine_options engine;
    double budget_s;  /* 10; slow passes may take 6 times that for 6 samples */
    double least_s;   /* 1 */
    double precision; /* 0.01: relative half-width that ends sampling */
    uint64_t seed;
    bool quick;
    int round;                    /* kept in the run */
    struct roof roof;             /* zero: measured first (bench_roof) */
    struct cache_roofs caches;    /* beside the roof, for the groups' floors; zero: unknown */
    bool roof_is_rough;           /* the machine was not steady while it was measured */
    const struct engine *runs_on; /* NULL: the first of engine_at */
    bool skip_probes;             /* efficiency against the roof as given; noted no_probe */
    bool in_process;              /* else a fresh child process: new layout, own peak RSS, survives its own crash */
    double silence_s;             /* a child that says nothing for so long is ended; 300 */
    void (*progress)(void *arg, const char *what, double share);
    void (*progress_sample)(void *arg, double share); /* between samples, in the measuring process */
    void (*progress_machine)(void *arg, const char *what, int done, int total); /* while the roof is measured */
    void *progress_arg;
};
/* Opens and plans the point without running it: an unknown model, a broken file, and what cannot fit in memory (both
   figures in the sentence) are found before any work. */
gable_status bench_check(const struct cpus *cpus, const struct bench_options *options, gable_error *e);
/* Measures the fp32 roof of the threads that the options ask for and sets options->roof and options->caches. A machine
   too busy for a steady ceiling gives its best one, with roof_is_rough: runs under it are marked invalid (speed_drift).
 */
gable_status bench_roof(const struct cpus *cpus, struct bench_options *options, const volatile bool *interrupted,
                        gable_error *e);
/* One point. A run that cannot be trusted is still GABLE_OK, with run->valid false and its reason; errors are for what
   never began. Caller releases the run. */
gable_status bench_point(const struct cpus *cpus, const struct bench_options *options, const volatile bool *interrupted,
                         struct run *out, gable_error *e);
#endif
