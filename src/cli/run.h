/* gable run: what its parts share. */
#ifndef CLI_RUN_H
#define CLI_RUN_H
#include "cli/command.h"
#include "engine/general/seeded.h"
#include "model/shapes.h"
#include "tensors/compare.h"
#include "tensors/initializers.h"

enum { RUN_INPUTS_MAX = 256 };
struct run_request {
    const struct command *self;
    const char *model, *output_folder, *check_folder, *until;
    struct zoo_options zoo;
    int n_inputs, threads, seed;
    const char *inputs[RUN_INPUTS_MAX]; /* "NAME=FILE", "NAME=random:SEED" */
    struct model_shapes shapes;
    struct tolerance tolerance;
    bool wants_json, wants_dump;
};
/* A model that can be run. */
struct run_model {
    struct graph *graph;
    struct general *session;
    struct weights *seeded; /* of a zoo model: drawn, not trained; else NULL */
    struct seeded_values drawn;
    struct initializers *read; /* of a file */
    char path[4096];           /* "" for the zoo */
};
gable_status run_open(const struct run_request *r, struct run_model *m, gable_error *e);
void run_close(struct run_model *m);

/* What was given to the model. */
struct run_given {
    struct value value;
    char source[160]; /* the file, "random, seed 1" */
};
/* Reads or draws every input and gives it to the session; given[graph->n_inputs] is released by the caller. */
gable_status run_inputs(const struct run_request *r, struct run_model *m, struct run_given *given, gable_error *e);
/* A file by its ending: .npy, else a TensorProto. */
gable_status run_read(struct run_model *m, const char *path, const struct tensor *t, struct value *out, gable_error *e);

/* One result: an output, or what --until stopped at. */
struct run_result {
    const struct tensor *tensor;
    struct value value;
    char file[256]; /* in --output's folder; "" where none was written */
};
/* "NAME.npy" with other characters than [A-Za-z0-9._-] as _, cut where it is long. */
void run_file_name(const char *name, char *out, size_t room);
/* Writes a result; a sequence as NAME.0.npy, NAME.1.npy. */
gable_status run_write(const char *folder, const char *file, const struct value *v, gable_error *e);

int run_print(const struct run_request *r, const struct run_model *m, const struct run_given *given,
              const struct run_result *results, int n);
/* --check: runs every test_data_set; the exit status. */
int run_check(const struct run_request *r, struct run_model *m);
#endif
