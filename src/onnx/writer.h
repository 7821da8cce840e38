/* A file under construction. Private to onnx/. */
#ifndef ONNX_WRITER_H
#define ONNX_WRITER_H
#include "graph/graph.h"
#include "onnx/names.h"

#include <onnx/onnx.pb-c.h>

enum { WRITER_NODES = 8 }; /* that stand for one, at most */
struct writer {
    const struct graph *g;
    float *const *values; /* NULL: without */
    bool frees_batch;
    struct arena *arena;
    struct names *names;    /* of the nodes: runtimes refuse a model with two of one name */
    bool *is_used;          /* per tensor index: a node reads it as an input */
    Onnx__GraphProto graph; /* its lists have room for WRITER_NODES a node and for every tensor */
    gable_error *e;
};
gable_status writer_no_memory(struct writer *w);
char *writer_text(struct writer *w, const char *format, const char *a); /* NULL where memory is out */
/* One node, or the nodes that stand for it. */
gable_status writer_node(struct writer *w, const struct node *n);
#endif
