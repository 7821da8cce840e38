/* Words on the command line that more than one command takes. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H
#include "engine/engine.h"
#include "model/shapes.h"
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

/* What every command that takes a MODEL says of its inputs' shapes, beside its own --batch: `gable --help shapes`. */
enum { CLI_KEY_SHAPE = 0x7e01, CLI_KEY_BIND };
#define CLI_SHAPES                                                                                                   \
    {"size", 's', "HxW", 0, "height and width of images, in pixels (zoo: 224x224; a file: where they are free)", 0}, \
        {"shape", CLI_KEY_SHAPE, "NAME=NxM", 0, "an input's whole shape: input=8x3x320x320; may be given again", 0}, \
    {                                                                                                                \
        "bind", CLI_KEY_BIND, "NAME=N", 0, "a file's free dimension by its name: seq=128; may be given again", 0     \
    }
/* One of the three; false with a sentence in e. */
bool cli_shape(int key, const char *arg, struct model_shapes *shapes, int *height, int *width, gable_error *e);
#endif
