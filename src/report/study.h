/* Everything that a report shows: read from the store, the zoo and the chip database; figures and findings take it
   const and compute nothing that is not in docs/METRICS.md. Tests feed made-up studies and read other sentences. */
#ifndef REPORT_STUDY_H
#define REPORT_STUDY_H
#include "bench/deviation.h"
#include "machine/machine.h"
#include "ops/training.h"
#include "roof/chips.h"

struct study_cost { /* of one model at one batch size */
    int batch;
    struct cost cost;
    struct traffic bytes;
    struct memory memory;
    struct kind_total kinds[KIND_N];
};
enum { STUDY_TRAINING_BATCH = 16, STUDY_TRAINING_QUICK = 4 };
static const enum optimizer STUDY_OPTIMIZER = OPTIMIZER_MOMENTUM; /* torchvision's recipes use it */
struct study_training {                                           /* one step of one model: exact counts */
    int batch;
    struct work passes[PASS_N];
    struct work kinds[KIND_N][PASS_N];
    struct training_memory memory;
    struct step_amounts flops, bytes;
};
struct study_model {
    char id[RECORD_NAME], label[RECORD_NAME], family[RECORD_NAME];
    count params;
    struct study_cost *costs; /* study->n_batches, same order as study->batches */
    struct study_training training;
};
enum { STUDY_LEARNED = 6 }; /* training runs that a report shows at most */
struct study {
    struct machine machine;
    struct roof roof; /* fp32, all threads, DRAM */
    json_t *environment;
    const struct chips *chips; /* borrowed */
    int n_batches, *batches;   /* ascending: 1, 64, 256 */
    int training_batch;        /* set before study_costs; else STUDY_TRAINING_BATCH */
    int n_models;
    struct study_model *models; /* in the order of batch-1 FLOPs, ascending */
    int n_runs;
    struct run *runs; /* at most one per model, batch, engine and pass; may lack some, may hold invalid ones */
    int n_learned;
    struct learned
        *learned; /* training runs (learn/learned.h) with a finished epoch: the report's own, then newest first */
    bool has_gpu;
    bool is_quick;
    bool is_roof_doubtful; /* measured, but no ceiling was valid: the machine was too busy */
    char command[256];     /* that reproduces it */
    char version[32];
    int64_t started_utc, finished_utc;
};
void study_release(struct study *s);
/* The run of model i at batch b on that engine, or NULL. */
const struct run *study_run(const struct study *s, int model, int batch, const char *engine);
/* One part of the measured training step of model i: a train_pass, TRAINED_STEP or TRAINED_AGAIN; NULL where there is
   none. */
const struct run *study_step(const struct study *s, int model, int pass);
/* Costs, models and chips; runs are added by the caller. */
gable_status study_costs(struct study *s, const char *const *ids, int n, const int *batches, int n_batches,
                         gable_error *e);
gable_status study_add_run(struct study *s, const struct run *r, gable_error *e); /* copies; replaces the same point */
json_t *study_json(const struct study *s);
#endif
