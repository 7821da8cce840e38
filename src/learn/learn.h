/* A training run: epochs over a data set in a seeded order, its losses, checkpoints from which it goes on exactly. */
#ifndef LEARN_LEARN_H
#define LEARN_LEARN_H
#include "engine/train/train.h"
#include "learn/dataset.h"

/* Examples that are never trained on, and what it takes to run the network as it is at inference. */
struct validation {
    const struct dataset *data;
    const struct weights *weights; /* what the trainer began with */
    const struct cpus *cpus;
    int threads;
};
struct learn_options {
    int epochs;
    uint64_t seed;                       /* of the order */
    const char *checkpoint;              /* written after every epoch and when interrupted; NULL: none */
    bool resumes;                        /* go on from the checkpoint */
    const struct validation *validation; /* after every epoch; NULL: none */
    const volatile bool *interrupted;
    void (*progress)(void *arg, int epoch, int done, int steps, double loss); /* after a step; may be NULL */
    void *progress_arg;
};
struct learn_epoch {
    double loss;      /* mean over its steps */
    double accuracy;  /* share of images whose largest output is the label, as they were met */
    double validated; /* the same of the validation, after the epoch; NAN where there is none */
};
struct learning { /* what has happened; zero is the beginning */
    int steps_per_epoch;
    int n_losses, room;         /* one loss a step */
    double *losses;             /* owned */
    int n_epochs;               /* finished */
    struct learn_epoch *epochs; /* owned */
    int resumed_at;             /* steps that the checkpoint held */
    int64_t n_right;            /* in the epoch that runs */
    bool is_interrupted;
};
/* Images that do not fill a last batch are left out of that epoch. The error says at which step a loss was not finite;
   the checkpoint is the last finished epoch's then. */
gable_status learn_run(struct trainer *t, const struct dataset *d, const struct learn_options *o, struct learning *out,
                       gable_error *e);
/* The share of the examples that the network tells right as it stands: running statistics, nothing dropped. Its outputs
   too, a row an example, unless that is NULL. */
gable_status learn_validate(struct trainer *t, const struct validation *v, double *accuracy, float *outputs,
                            gable_error *e);
/* Of n rows of outputs, how many are largest at their label. */
int learn_right(const float *output, const int32_t *labels, int n, int classes);
void learning_release(struct learning *l);

/* Everything that the next step depends on: parameters, running statistics, the optimizer's state, the count of steps,
   the losses so far. The file is written whole and then renamed; the one before stays as PATH.previous. */
gable_status checkpoint_write(const char *path, struct trainer *t, const struct learn_options *o,
                              const struct learning *l, gable_error *e);
/* Refuses a damaged file (and says when PATH.previous is whole), another model, optimizer, batch or seed. */
gable_status checkpoint_read(const char *path, struct trainer *t, const struct learn_options *o, struct learning *l,
                             gable_error *e);
#endif
