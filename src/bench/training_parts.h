/* What training.c and its parts share: a trainer as it is measured, and the runs of a step's parts. */
#ifndef BENCH_TRAINING_PARTS_H
#define BENCH_TRAINING_PARTS_H
#include "bench/probes.h"
#include "bench/sampling.h"
#include "bench/self.h"
#include "bench/training.h"
#include "bench/watch.h"

struct bench_trainer { /* the machine as the sampling loop sees it */
    struct world world;
    struct trainer *trainer;
    struct training *work; /* counted, of the same graph */
    struct watch watch;
    struct probes probes;
    double loss, first_loss;
    int n_steps;
    gable_status status;
    gable_error *error;
    struct resident resident;
};
/* What a point is measured on: its graph, its trainer, and what is counted of it. */
struct training_subject {
    struct bench_trainer bench;
    struct graph *graph;
    struct analysis *analysis;
};
gable_status training_open(struct training_subject *x, const struct cpus *cpus, const struct training_options *o,
                           gable_error *e);
void training_close(struct training_subject *x); /* also when opening failed */
struct stage_work {
    double counted, executed, bytes; /* FLOPs; bytes: its nodes', less what is made and read within the stage */
};
int training_run_of(const struct trainer_stage *s); /* which of a step's runs has it as a group */
struct stage_work training_stage_work(const struct trainer *t, const struct trainer_stage *s,
                                      const struct training *counted);
/* Into all runs: what is counted; what the trainer's plan makes of it, FLOPs executed and bytes between its stages. */
void training_count(struct trained *out, const struct training *counted);
void training_plan_work(struct trained *out, const struct trainer *t, const struct training *counted);
/* `steps` of them with a clock between their stages: the runs of all passes with samples, groups and verdicts, and the
   step's sum. */
gable_status training_parts(struct bench_trainer *b, int steps, const struct training_options *o,
                            const volatile bool *interrupted, struct trained *out, gable_error *e);
double training_precision(const struct training_options *o);
/* As training_point, in this process; and everything of its runs that is known before it runs. */
gable_status training_measure(const struct cpus *cpus, const struct training_options *o,
                              const volatile bool *interrupted, struct trained *out, gable_error *e);
gable_status training_identity(const struct cpus *cpus, const struct training_options *o, struct trained *out,
                               gable_error *e);
#endif
