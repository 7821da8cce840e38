/* A training point: whole steps sampled by the rules of a run, then steps with a clock between their stages, so that
   forward, the two halves of backward and the update stand apart. Steps really train: the loss falls meanwhile. */
#ifndef BENCH_TRAINING_H
#define BENCH_TRAINING_H
#include "bench/bench.h"
#include "engine/train/train.h"

struct training_options { /* zero means the default */
    const char *model;
    int batch, height, width;
    int n_shapes; /* of inputs, as in model_options; borrowed */
    const struct onnx_shape *shapes;
    struct trainer_options trainer;
    int steps;                  /* exactly so many samples, and so many steps by their stages; 0: as the budget says */
    double budget_s, precision; /* as of bench_options */
    uint64_t seed;              /* of weights, images and labels; 1 */
    bool quick;
    int round;        /* kept in the runs */
    struct roof roof; /* zero: no efficiency */
    bool roof_is_rough;
    bool in_process;  /* else a fresh child process, as of bench_options */
    double silence_s; /* likewise */
    void (*progress)(void *arg, const char *what, double share);
    void (*progress_sample)(void *arg, double share); /* between samples, in the measuring process */
    void *progress_arg;
};
enum { TRAINED_STEP = PASS_N, TRAINED_AGAIN, TRAINED_RUNS };
struct trained {
    /* By train_pass, then the whole step, then what recomputing took: each with its own samples. The stages of a step
       are the groups of these runs, but of the step, which has none. Work is counted: recomputing has none of its own.
     */
    struct run runs[TRAINED_RUNS];
    struct trainer_memory memory;
    struct training_memory counted; /* by the rules of analyze --train */
    char trainer[16];               /* the engine that trains it */
    char why[TRAINER_WHY];          /* why it is not the first engine that trains it; "" where it is */
    double first_loss, last_loss;
    int n_steps;
};
extern const char training_engine[]; /* run.engine of these runs: "train" */
/* "forward", "backward-data", "backward-weights", "update", "step", "recompute": run.pass of runs[i]. */
const char *trained_name(int i);
/* Medians of the stages of one kind, added. Recomputing is part of backward, of its data pass. */
double trained_kind_ns(const struct trained *t, enum op_kind k, enum train_pass p);
/* Recomputing is measured apart where something is made again. */
bool trained_has(const struct trained *t, int i);
/* What would be refused, before any work: an unknown model, an operator without a gradient, a step that does not fit.
 */
gable_status training_check(const struct cpus *cpus, const struct training_options *o, gable_error *e);
/* A run that cannot be trusted is GABLE_OK and marked; a step that does not fit is refused with the largest batch that
   does. In the measuring process nothing should have been done before: its peak memory is reported. Caller releases. */
gable_status training_point(const struct cpus *cpus, const struct training_options *o, const volatile bool *interrupted,
                            struct trained *out, gable_error *e);
void trained_release(struct trained *t);
#endif
