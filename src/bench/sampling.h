/* The sampling loop. It sees the world through one table of functions, so that tests run it on a simulated machine
   (tests/bench/sim.h). */
#ifndef BENCH_SAMPLING_H
#define BENCH_SAMPLING_H
#include "bench/record.h"

struct world { /* embedded in the real machine and in the simulated one */
    int64_t (*now_ns)(struct world *w);
    void (*pass)(struct world *w, int passes); /* the timed part: nothing else is inside */
    void (*before)(struct world *w);           /* look at the threads, outside the timed part */
    /* What happened to the threads during the sample of that length: MARK_*. Never looks at the median. */
    uint32_t (*after)(struct world *w, int64_t ns, uint32_t *minor_faults);
    enum bench_code (*check)(struct world *w);                    /* the outputs: NONE, NOT_FINITE, WRONG_RESULT */
    bool (*probe)(struct world *w, double *flops, double *bytes); /* false where there are no probes */
};
struct sampling_options { /* all given; no defaults here */
    double budget_s, least_s, precision, warmup_s;
    int warmup_passes;
    int most;                         /* exactly so many samples after warm-up; 0: as precision and budget say */
    const volatile bool *interrupted; /* may be NULL */
    void (*progress)(void *arg, double share);
    void *progress_arg;
};
struct probe_reading {
    int at;              /* samples before it */
    double flops, bytes; /* FLOP/s, byte/s */
};
struct sampling {
    struct sample *samples; /* in order; warm-up has MARK_WARMUP */
    int n, room;
    struct probe_reading *probes;
    int n_probes, room_probes;
    int block;             /* passes per sample */
    double first_ns;       /* the first pass */
    double clock_ns;       /* the larger of the clock's cost and step */
    enum bench_code broke; /* what ended it early, CODE_NONE else */
};
gable_status sampling_run(struct world *w, const struct sampling_options *o, struct sampling *out, gable_error *e);
void sampling_release(struct sampling *s);
/* Durations of the samples without marks, in order, malloced; *n of them. NULL when memory is out. */
double *samples_clean(const struct sample *s, int n_samples, int *n);
#endif
