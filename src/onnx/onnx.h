/* Reading ONNX files: bounded and hostile-proof. No weight is copied; the file is mapped, scanned and closed again. */
#ifndef ONNX_ONNX_H
#define ONNX_ONNX_H
#include "graph/graph.h"

struct onnx_binding { /* a free dimension and what it is to be */
    const char *name;
    int64_t value;
};
/* What an input is to be: its free dimensions take these values, and so does every other dimension of the same name. Or
   what a free dimension is to be: then the name is that one's, and the rank 1. */
enum { ONNX_SHAPES_MAX = 64 };
struct onnx_shape {
    const char *name;
    int length; /* of the name, which need not end there */
    bool is_dimension;
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
};
/* "NAME=1x3xNxN", N for every dimension below 0: what is to be typed. */
void onnx_shape_text(const char *name, int rank, const int64_t *dim, char *out, size_t room);
/* Free dimensions of a file's inputs that nothing binds. */
enum { ONNX_FREES_MAX = 8, ONNX_FREE_NAME = 64, ONNX_FREES_SAID = 220 };
struct onnx_frees {
    int n; /* names; those beyond the room are left out */
    char name[ONNX_FREES_MAX][ONNX_FREE_NAME];
    bool is_first[ONNX_FREES_MAX]; /* it is the first dimension of an input */
    bool has_batch;                /* a first dimension that is free and has no name */
    char said[ONNX_FREES_SAID];    /* inputs with what is free in them, and what to type; "" where nothing is */
};
struct onnx_options {
    int64_t batch; /* binds the first dimension of every input where it is free; 0: 1 */
    int n_bindings, n_shapes;
    const struct onnx_binding *bindings;
    const struct onnx_shape *shapes;
    int64_t height, width;    /* of inputs that are images, where those are free; 0: not asked for */
    struct onnx_frees *frees; /* NULL, or where to note what is free */
    bool keeps_free; /* free ones stay -1: for runs, where the values decide; else one that is not bound is refused */
};
/* The graph without inferred shapes (ops_infer does that): inputs, initializers, nodes, outputs. Constant nodes become
   initializers. Roles: integers and operands that only steer an operator are constants, statistics of
   BatchNormalization are buffers, all else is weights "by the file" (exporters fold and merge).
   Outputs of operators without a row in ops/ have the shape that the file states (value_info), if it does.
   The path "-" is standard input (base/input.h).
   Errors name the file and the byte, tensor or node. Caller owns the graph. */
gable_status onnx_read(const char *path, const struct onnx_options *options, struct graph **out, gable_error *e);
/* Does this word mean a file rather than a zoo model: it ends in .onnx, holds a slash, or is "-", standard input. */
bool onnx_is_path(const char *word);
#endif
