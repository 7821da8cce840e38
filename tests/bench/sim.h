/* A seeded machine for the sampling loop: time passes only when it says so. */
#ifndef TESTS_BENCH_SIM_H
#define TESTS_BENCH_SIM_H
#include "bench/sampling.h"
#include "random.h"

struct sim { /* zero means: not at all */
    struct world world;
    struct random random;
    double pass_ns, noise;    /* a quiet pass; standard deviation of its log */
    double first;             /* the first pass takes so many times as long */
    double warm, warm_passes; /* slower by `warm` at first, fading with that constant */
    double slope;             /* share by which passes become slower over 1000 */
    double step;              /* factor from pass step_at on */
    int step_at;
    double mode, mode_share; /* factor of the slow mode, how often */
    int outlier_every;       /* one pass in so many takes 50 times as long */
    double drift, drift_s;   /* the machine's speed falls by `drift` over drift_s seconds, then stays */
    double swing;            /* the speed swings by so much with a period of 3 s */
    double duty, taken;      /* a competitor: how often it takes a CPU, and what share longer that makes the sample */
    int wrong_at, infinite_at, major_every, minor_at; /* numbers of passes */
    bool has_no_probe;
    double tick_ns, read_ns; /* the clock */
    double peak, bandwidth;  /* what probes give at full speed */
    int stop_at;             /* the pass after which `interrupted` is set */
    volatile bool interrupted;
    /* inside */
    double now_ns;
    int passes;
    bool is_taken;
    double start_ns;
    int checked;
};
void sim_init(struct sim *s, uint64_t seed, double pass_ns, double noise);
/* Samples and judges it as a real point is; the run is the caller's. The model has 1e9 FLOPs and 1e7 bytes. */
void sim_run(struct sim *s, double budget_s, struct run *r);
bool sim_has(const struct run *r, enum bench_code c);
#endif
