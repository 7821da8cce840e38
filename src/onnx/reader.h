/* What the parts of the reader share: a scope is a graph, a body or a called function while it is read. */
#ifndef ONNX_READER_H
#define ONNX_READER_H
#include "base/limits.h"
#include "base/mapping.h"
#include "onnx/given.h"
#include "onnx/names.h"
#include "onnx/onnx.h"

#include <onnx/onnx.pb-c.h>

enum {
    FUNCTIONS_MAX = LIMIT_FUNCTIONS,
    CALLS_MAX = LIMIT_CALLS,
    NODES_MAX = LIMIT_NODES,
    NODES_EXPANDED_MAX = LIMIT_NODES_EXPANDED
};
struct functions; /* of the model, by name */
struct reader {
    struct graph *g;
    struct names *names;   /* of this scope */
    struct reader *outer;  /* of a body: the scope that it captures from; else NULL */
    struct reader *caller; /* of a function: who calls it, and by which node */
    const Onnx__NodeProto *call;
    const char *prefix; /* of the names that a called function makes: "call/"; "" elsewhere */
    int depth;          /* of calls */
    bool has_weights;   /* among the model's initializers: its Constant nodes are none */
    int at;             /* the node of this scope's graph that is read, or whose call is expanded */
    bool has_free;      /* an input's dimension that must be known is not */
    bool sorts;         /* nodes are read after those that they read, whatever the file's order */
    bool *is_unsorted;  /* set where the file's order lacks a tensor */
    const struct mapping *file;
    const struct onnx_options *options;
    const struct given *given;
    const struct functions *functions;
    gable_error *e;
};
/* Sets the sentence for a node of the file. */
gable_status reader_node_error(struct reader *r, const Onnx__NodeProto *n, size_t i, const char *why, const char *what);
gable_status reader_no_memory(struct reader *r);
gable_status reader_define(struct reader *r, const char *name, struct tensor *t);

/* An initializer, or the value of an attribute. */
gable_status reader_tensor(struct reader *r, const Onnx__TensorProto *t, const char *name, struct tensor **out);
gable_status reader_sparse(struct reader *r, const Onnx__SparseTensorProto *t, const char *name, struct tensor **out);
/* What both begin with: a tensor of a known type and a possible shape. */
gable_status reader_initializer(struct reader *r, const char *name, int32_t data_type, size_t n_dims,
                                const int64_t *dims, struct tensor **out);
/* Where a tensor's message lies in the file, as scan.h notes it; left alone where that is not known. */
void reader_place(const Onnx__TensorProto *p, uint64_t *at, uint64_t *length);
/* What the type of an input or an output says: *rank is -1 where there is no shape. False where it is none that is
   known. */
bool reader_type(const struct reader *r, const Onnx__TypeProto *type, enum dtype *d, enum tensor_form *form, int *rank,
                 int64_t *dim);
/* Defines an input of a graph, in the shape that the file and the options say. */
gable_status reader_input(struct reader *r, const Onnx__ValueInfoProto *v);
/* After all inputs of the model: refuses what is free and must be known, and says so to who asked. */
gable_status reader_frees(struct reader *r, const Onnx__GraphProto *p);
/* Copies a node's attributes; those that a function refers to are its call's. */
gable_status reader_attributes(struct reader *r, const Onnx__NodeProto *p, struct node *n);
/* A Constant node: an initializer by another name; false in *is_read where only a kernel can make it. */
gable_status reader_constant(struct reader *r, const Onnx__NodeProto *p, size_t i, bool *is_read);
/* Places of nodes in an order in which each stands after those that it reads; malloced. */
gable_status reader_order(size_t n, Onnx__NodeProto *const *nodes, size_t **out, gable_error *e);
/* The roles of what a node reads, by where it stands. */
void reader_set_roles(const struct node *n);
/* What is trained is kept in initializers; a graph that has none keeps it in Constant nodes. */
bool reader_has_weights(const Onnx__GraphProto *p);
/* Everything of a graph, a body too. */
gable_status reader_graph(struct reader *r, const Onnx__GraphProto *p);
/* The body that an attribute holds. */
gable_status reader_body(struct reader *r, const Onnx__GraphProto *p, const char *name, struct graph **out);

/* Counts before anything is expanded: a function that calls itself, calls nested too deep and more than 4 M nodes are
   refused. Caller frees. */
gable_status functions_new(const Onnx__ModelProto *m, struct functions **out, gable_error *e);
void functions_free(struct functions *f);
const Onnx__FunctionProto *functions_find(const struct functions *f, const char *domain, const char *name);
#endif
