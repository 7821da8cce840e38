/* --shape and --bind: what a user says of an input's shape, for zoo and files alike, or of a file's free dimension. */
#ifndef MODEL_SHAPES_H
#define MODEL_SHAPES_H
#include "model/model.h"

struct model_shapes {
    int n;
    struct onnx_shape at[ONNX_SHAPES_MAX];
};
/* Adds "NAME=1x3x224x224"; the text must outlive it. The name may hold '=' itself. */
gable_status model_shape_add(struct model_shapes *s, const char *text, gable_error *e);
/* Adds "seq=128", behind all shapes. */
gable_status model_bind_add(struct model_shapes *s, const char *text, gable_error *e);
/* The batches that are asked for: where none is (*n is 0) the first shape's first dimension, else 1. It is that of
   inputs without a shape too, and it follows where another batch is tried. Batches beside a shape are refused. */
gable_status model_shapes_batches(const struct model_shapes *s, int *batches, int *n, gable_error *e);
/* What is timed is of a batch that is known: refuses a first dimension that --bind gives another value. */
gable_status model_batch_check(const struct graph *g, const struct model_options *o, gable_error *e);
/* Shapes given to a model of the zoo become its size; those of a file stay. Refuses what cannot be its input. */
gable_status model_settle(const char *word, struct model_options *o, gable_error *e);
#endif
