/* A training point: whole steps sampled by the rules of a run, then steps with a clock between their stages, so that
   forward, the two halves of backward and the update stand apart. Steps really train: the loss falls meanwhile. */
#ifndef BENCH_TRAINING_H
#define BENCH_TRAINING_H
#include "bench/bench.h"
#include "engine/train/train.h"

struct training_options { /* zero means the default */
    const char *model;
    int batch, height, width;
    struct trainer_options trainer;
    double budget_s, precision; /* as of bench_options */
    uint64_t seed;              /* of weights, images and labels; 1 */
    bool quick;
    struct roof roof; /* zero: no efficiency */
    bool roof_is_rough;
    void (*progress)(void *arg, double share); /* between samples; may be NULL */
    void *progress_arg;
};
enum { TRAINED_STEP = PASS_N, TRAINED_AGAIN, TRAINED_RUNS };
struct stage_time {
    char name[RECORD_NAME], kernel[RECORD_NAME];
    enum train_pass pass;
    bool is_recomputed;
    enum op_kind kind;
    double median_ns;
};
struct trained {
    /* By train_pass, then the whole step, then what recomputing took: each with its own samples. Work is counted:
       recomputing has none of its own. */
    struct run runs[TRAINED_RUNS];
    double kinds_ns[KIND_N][PASS_N]; /* medians of stages, added; recomputed ones count as PASS_DATA */
    struct trainer_memory memory;
    struct training_memory counted; /* by the rules of analyze --train */
    double first_loss, last_loss;
    int n_steps;
    int n_stages;
    struct stage_time *stages; /* owned */
};
/* In this process, which should have done nothing before: its peak memory is reported. A run that cannot be trusted is
   GABLE_OK and marked; a step that does not fit is refused with the largest batch that does. Caller releases. */
gable_status training_point(const struct cpus *cpus, const struct training_options *o, const volatile bool *interrupted,
                            struct trained *out, gable_error *e);
void trained_release(struct trained *t);
#endif
