/* Every default of measuring, once. Each has its reason in docs/METRICS.md, Measuring. */
#ifndef BENCH_DEFAULTS_H
#define BENCH_DEFAULTS_H

static const double BENCH_BUDGET_S = 10;          /* of samples, a point */
static const double BENCH_BUDGET_QUICK_S = 1.5;   /* with --quick */
static const double BENCH_SLOW_BUDGETS = 6;       /* slow passes may take so many budgets for the least samples */
static const double BENCH_LEAST_S = 1;            /* of samples before sampling may end */
static const double BENCH_PRECISION = 0.01;       /* relative half-width that ends sampling */
static const double BENCH_PRECISION_QUICK = 0.03; /* with --quick */
static const double BENCH_WIDE = 0.1;             /* relative half-width beyond which a run is invalid */
static const double BENCH_SILENCE_S = 300;        /* of a child: then it hangs */
static const double BENCH_WARMUP_S = 0.2;         /* always dropped */
static const double BENCH_CLOCK_SHARE = 0.001;    /* cost and step of the clock, of a sample */
static const double BENCH_PROBE_S = 0.03;         /* length of one probe */
static const double BENCH_PROBE_EVERY_S = 1;
static const double BENCH_WAITED_SHARE = 0.01; /* a thread that waited longer marks the sample */
static const double BENCH_DRIFT_NOTED = 0.1;   /* range of the probes */
static const double BENCH_DRIFT_INVALID = 0.3;
static const double BENCH_STOLEN_NOTED = 0.005;
static const double BENCH_STOLEN_INVALID = 0.05;
static const double BENCH_CUT_APART = 0.02;     /* a cut beginning must differ so much */
static const double BENCH_DRIFT_APART = 0.02;   /* first against last third */
static const double BENCH_DRIFT_Z = 3.29;       /* two-sided 0.1 % */
static const double BENCH_OUTLIER_MADS = 14.8;  /* hyperfine's bound */
static const double BENCH_SUM_APART = 0.05;     /* groups against the whole */
static const double BENCH_FEWER = 0.8;          /* executed of counted FLOPs: an algorithm such as Winograd's */
static const double BENCH_SWAPPED_SHARE = 0.1;  /* of samples with major faults: invalid */
static const double BENCH_THROTTLED_FALL = 0.1; /* of the probes, with a rising counter: invalid */
enum {
    BENCH_WARMUP_PASSES = 3,
    BENCH_LEAST_SAMPLES = 6,
    BENCH_FIRST_LOOK = 20,
    BENCH_MOST_SAMPLES = 20000,
    BENCH_GROUP_PASSES = 30, /* instrumented */
    BENCH_TIMED_STEPS = 10,  /* training steps by their stages, at least; --quick: BENCH_LEAST_SAMPLES */
    BENCH_ROUNDS = 3,
    BENCH_SEED = 1,
};
#endif
