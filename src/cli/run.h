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
    const char *model, *output_folder, *check_folder, *until, *trace;
    struct zoo_options zoo;
    int n_inputs, threads, seed;
    const char *inputs[RUN_INPUTS_MAX]; /* "NAME=FILE", "NAME=random:SEED" */
    struct model_shapes shapes;
    struct tolerance tolerance;
    bool wants_json, wants_dump;
};
/* A model, and what computes it. */
struct run_model {
    struct graph *graph;    /* as the file or the zoo has it: its inputs, outputs and nodes are what is spoken of */
    struct pool *pool;      /* of what is given, and of what the planned engine gives */
    struct weights *seeded; /* of a zoo model: drawn, not trained; else NULL */
    struct seeded_values drawn;
    struct initializers *read;  /* of a file */
    char path[4096];            /* "" for the zoo */
    struct model_shapes shapes; /* of what was given, where the file leaves them free */
    struct graph *cleaned;      /* the graph in those; NULL where it runs as it is */
    struct general *general;    /* one of the two */
    struct session *planned;
};
gable_status run_open(const struct run_request *r, struct run_model *m, gable_error *e);
void run_close(struct run_model *m);

/* What was given to the model. */
struct run_given {
    struct value value;
    char source[160]; /* the file, "random, seed 1" */
};
/* Reads or draws every input; given[graph->n_inputs] is released by the caller. */
gable_status run_inputs(const struct run_request *r, struct run_model *m, struct run_given *given, gable_error *e);
/* The file's graph with what is given told to it: other dimensions of the same names follow. NULL where nothing is
 * told.
 */
gable_status run_bind(const struct run_request *r, const struct run_model *m, const struct run_given *given,
                      struct graph **out, gable_error *e);
/* Sets the sentence that asks for what is free in the inputs that are not given. */
gable_status run_ask(const struct run_request *r, const struct run_model *m, const struct run_given *given,
                     gable_error *e);
/* Before the first pass, and again where other inputs are given. Node by node on the graph itself where its inner
   tensors are asked for; else the fastest way: cleaned up, on the planned engine where that takes it. */
gable_status run_prepare(const struct run_request *r, struct run_model *m, const struct run_given *given,
                         gable_error *e);
/* One pass; only who asked for inner tensors may watch it. */
gable_status run_pass(struct run_model *m, struct general_watch *w, gable_error *e);
/* The same, its every thread's work into a file, for Perfetto; *threads: how many. */
gable_status run_trace(struct run_model *m, const char *path, int *threads, gable_error *e);
/* The status of what the model, not a file beside it, is to blame for. */
gable_status run_in_model(const struct run_model *m, gable_status s, gable_error *e);
/* Output i of the last pass, shared. */
gable_status run_output(struct run_model *m, int i, struct value *out, gable_error *e);
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
/* Writes a result; a sequence as NAME.0.npy, NAME.1.npy. A signal ends the run behind it. */
gable_status run_write(const char *folder, const char *file, const struct value *v, gable_error *e);

int run_print(const struct run_request *r, const struct run_model *m, const struct run_given *given,
              const struct run_result *results, int n);
/* --check: runs every test_data_set; the exit status. */
int run_check(const struct run_request *r, struct run_model *m);
#endif
