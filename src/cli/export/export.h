/* What the files of `gable export` share. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H
#include "bench/bench.h"
#include "onnx/notes.h"
#include "roof/chips.h"
#include "store/store.h"

struct annotated {                      /* what the notes of a model are made of */
    const struct graph *graph, *ran;    /* as it is; as it runs: of a file after the clean-up, with some nodes fewer */
    struct analysis *analysis, *groups; /* of both, with groups */
    const int *at;                      /* per node of both: the place in the file's list of nodes */
    const int *ran_at;
    bool has_helpers; /* nodes of the file before at[i] and after at[i - 1] are parts of node i */
    bool has_run, is_stored;
    struct run run;          /* its groups' times; of the store, or measured now */
    const struct chip *chip; /* --chip: its declared roof; else NULL */
    bool has_roof;
    struct roof roof;
    char roof_of[160]; /* "this machine, measured", "Tesla T4, declared" */
};

struct annotate_options {
    bool measures; /* --measure: now, else what the store holds */
    const char *store_path;
    struct bench_options bench; /* model, batch, size, threads, quick */
};
/* Fills in run, roof and analysis; both graphs, their places and chip (with its roof) are given. Without --measure a
   store that has nothing is no fault: then the notes are costs alone. */
gable_status annotated_open(struct annotated *a, const struct annotate_options *o, gable_error *e);
void annotated_close(struct annotated *a); /* what annotated_open made */

/* Notes of the model and of `*n` nodes of its file, all in the arena. */
gable_status annotated_notes(const struct annotated *a, struct arena *arena, struct onnx_notes *model,
                             struct onnx_notes **nodes, int *n, gable_error *e);
#endif
