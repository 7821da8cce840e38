/* Words on the command line that more than one command takes. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H
#include "engine/engine.h"
#include "model/model.h"
#include "ops/training.h"
#include "roof/chips.h"

/* One word of several: its place among them; -1 with a sentence in e that lists them. */
int cli_word(const char *option, const char *text, const char *const *words, int n, gable_error *e);
bool cli_optimizer(const char *text, enum optimizer *out, gable_error *e); /* --optimizer */
bool cli_isa(const char *text, enum isa *out, gable_error *e);             /* --isa: one that this machine has */
enum { CLI_MODELS = 64 };
/* One more MODEL of those on the command line; models has room for CLI_MODELS. */
bool cli_model(const char *word, const char **models, int *n, gable_error *e);
/* --chip: one of the database, with its roof for the type of the graph's first input. */
gable_status cli_chip(const struct chips *chips, const char *id, const struct graph *g, const struct chip **out,
                      struct roof *roof, gable_error *e);

struct cli_bindings { /* of every --bind */
    int n;
    char names[MODEL_BINDINGS_MAX][ONNX_FREE_NAME];
    struct onnx_binding binding[MODEL_BINDINGS_MAX];
};
bool cli_binding(const char *text, struct cli_bindings *b, gable_error *e); /* --bind: "seq=128" */
#endif
