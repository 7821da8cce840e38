/* The network in ONNX's terms: tensors, nodes, attributes; the builder through which the zoo and the ONNX reader make
   them. A graph owns one arena; graph_free ends every node, name and shape at once. Nodes stand in execution order.
   Nothing here knows what an operator does: that is ops/. No weight value is ever held (constants of shape arithmetic
   and scalars such as Clip's bounds are). */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H
#include "base/arena.h"
#include "base/count.h"
#include "base/limits.h"

#include <stdbool.h>

/* clang-format off */
#define DTYPES(X) /* name in the JSON, bits */ \
    X(UNDEFINED, "undefined", 0) \
    X(F64, "f64", 64) \
    X(F32, "f32", 32) \
    X(F16, "f16", 16) \
    X(BF16, "bf16", 16) \
    X(F8, "f8", 8) \
    X(S64, "s64", 64) \
    X(S32, "s32", 32) \
    X(S16, "s16", 16) \
    X(U16, "u16", 16) \
    X(S8, "s8", 8) \
    X(U8, "u8", 8) \
    X(S4, "s4", 4) \
    X(BOOL, "bool", 8) \
    X(TF32, "tf32", 32) \
    X(F4, "f4", 4) \
    X(U64, "u64", 64) \
    X(U32, "u32", 32) \
    X(STRING, "string", 0)
/* clang-format on */
#define DTYPE_ENUM(name, text, bits) DTYPE_##name,
enum dtype { DTYPES(DTYPE_ENUM) DTYPE_N };
const char *dtype_name(enum dtype d);
int dtype_bits(enum dtype d);
enum dtype dtype_find(const char *name);  /* DTYPE_UNDEFINED where there is none */
enum dtype dtype_of_onnx(int64_t number); /* ONNX's TensorProto.DataType, as in the attribute `to`; else undefined */

enum { SHAPE_RANK_MAX = LIMIT_RANK };
struct shape {
    int rank;
    const int64_t *dim;
};
/* Product of dim[first] to the last; 1 for none. */
count shape_product(const struct shape *s, int first);
bool shape_equal(const struct shape *a, const struct shape *b);

enum tensor_role {
    ROLE_ACTIVATION, /* made by a node */
    ROLE_INPUT,      /* of the model */
    ROLE_WEIGHT,     /* trained */
    ROLE_BUFFER,     /* running statistics: stored, not trained */
    ROLE_CONSTANT,   /* of the architecture: shapes, bounds; not a parameter */
    ROLE_ABSENT,     /* an optional input that is left out */
    ROLE_CAPTURE,    /* in a body: a tensor of an enclosing graph, by graph->captures */
};
enum tensor_form { FORM_TENSOR, FORM_SEQUENCE, FORM_OPTIONAL, FORM_OPTIONAL_SEQUENCE }; /* dtype is the elements' */

struct node;
/* An initializer that no file holds: another one, changed along one axis when values are loaded:
   (of - mean) factor / (divisor sqrt(variance + epsilon)) + shift. Each has one value, or one a channel; NULL: without.
   In no graph's list of tensors unless a node reads them too. */
struct derived {
    const struct tensor *of; /* NULL: zeros */
    const struct tensor *mean, *factor, *divisor, *variance, *shift;
    double epsilon;
    int axis;  /* of the channels */
    int depth; /* derivations within `of`, this one included */
};
struct tensor {
    const char *name;
    enum dtype dtype;
    enum tensor_role role;
    enum tensor_form form;
    struct shape shape;
    bool has_shape;
    bool is_at_most;     /* data decide its shape: this is the largest that they can */
    bool is_output;      /* of the model */
    const int64_t *ints; /* the value of a small integer constant, shape_product elements; else NULL */
    const double *reals; /* the value of a small real constant; else NULL */
    bool is_sparse;      /* an initializer that lists its values: at and length are theirs */
    uint64_t at, length; /* where an initializer's message lies in the file that graph->source names; 0: nowhere */
    uint64_t indices_at, indices_length; /* of a sparse one, where its values belong; 0 where it has none */
    const struct derived *derived;       /* where others give its values; else NULL */
    struct node *producer;               /* NULL for inputs and initializers */
    int index;                           /* in graph->tensors */
};

enum attribute_type {
    ATTRIBUTE_INT,
    ATTRIBUTE_FLOAT,
    ATTRIBUTE_STRING,
    ATTRIBUTE_INTS,
    ATTRIBUTE_FLOATS,
    ATTRIBUTE_TENSOR,
    ATTRIBUTE_STRINGS,
    ATTRIBUTE_GRAPH
};
struct attribute {
    const char *name;
    enum attribute_type type;
    int64_t i;
    double f;
    const char *s;
    int n; /* of ints, floats or strings */
    const int64_t *ints;
    const double *floats;
    const char *const *strings;
    const struct tensor *t;
    struct graph *graph; /* the body of If, Loop, Scan */
};

struct op; /* ops/ops.h: resolved by ops_infer */
struct node {
    const char *name;             /* the module's path in the source framework: "features.1.0.block.0.0" */
    const char *module;           /* the module's class there ("Conv2d"), NULL for a functional call ("x + y") */
    const char *op_type, *domain; /* ONNX's; domain "" is ai.onnx */
    const struct op *op;
    int n_in, n_out;
    struct tensor **in, **out; /* in[i] may have ROLE_ABSENT, never NULL */
    int n_attributes, room_attributes;
    struct attribute *attributes;
    int index; /* in graph->nodes */
    int at;    /* in the file's list of nodes: this one, or the function's call that it is part of */
};

struct capture {
    struct tensor *outer, *inner; /* a tensor of graph->parent, and what stands for it in this body */
};
struct graph {
    struct arena *arena;  /* a body has its parent's */
    struct graph *parent; /* of a body: the graph of the node that holds it; else NULL */
    int n_captures, room_captures;
    struct capture *captures;
    const char *name;   /* "resnet18" */
    const char *source; /* "torchvision 0.14.1" or the file's path */
    int opset;
    int n_nodes, room_nodes, n_tensors, room_tensors, n_inputs, n_outputs, room_inputs, room_outputs;
    struct node **nodes;
    struct tensor **tensors, **inputs, **outputs;
    bool failed; /* memory ran out while building: checked once, at the end, by graph_check */
};

struct graph *graph_new(const char *name, const char *source, size_t bytes_max);
/* The same tensors and nodes under the same indices, to be changed and added to. Attributes' values and what bodies
   hold are shared with the original, which must outlive it. NULL when memory is out. */
struct graph *graph_copy(const struct graph *original, size_t bytes_max);
void graph_free(struct graph *g); /* NULL is fine */

/* Builders return NULL only when memory is out, and set failed; NULL operands are accepted then. Names are copied. */
struct tensor *graph_input(struct graph *g, const char *name, enum dtype d, int rank, const int64_t *dim);
struct tensor *graph_initializer(struct graph *g, const char *name, enum tensor_role role, enum dtype d, int rank,
                                 const int64_t *dim);
struct tensor *graph_constant_ints(struct graph *g, const char *name, int n, const int64_t *values); /* rank 1 */
struct tensor *graph_constant_real(struct graph *g, const char *name, enum dtype d, double value);   /* rank 0 */
struct tensor *graph_absent(struct graph *g);
/* Appends a node with n_out fresh activations, named NAME (and NAME.1, ...). */
struct node *graph_node(struct graph *g, const char *op_type, const char *domain, const char *name, const char *module,
                        int n_in, struct tensor *const *in, int n_out);
void graph_output(struct graph *g, struct tensor *t);
void graph_feed(struct graph *g, struct tensor *t);              /* an initializer becomes the last input */
struct tensor *node_add_output(struct graph *g, struct node *n); /* a fresh activation, the node's last output */
void node_set_int(struct graph *g, struct node *n, const char *name, int64_t value);
void node_set_float(struct graph *g, struct node *n, const char *name, double value);
void node_set_ints(struct graph *g, struct node *n, const char *name, int n_values, const int64_t *values);
void node_set_floats(struct graph *g, struct node *n, const char *name, int n_values, const double *values);
void node_set_strings(struct graph *g, struct node *n, const char *name, int n_values, const char *const *values);
void node_set_tensor(struct graph *g, struct node *n, const char *name, const struct tensor *value);
void node_set_string(struct graph *g, struct node *n, const char *name, const char *value);
/* A graph within a graph, in its parent's arena: the body of If, Loop or Scan. Build it, then give it to its node. */
struct graph *graph_body(struct graph *parent, const char *name);
/* What stands in a body for a tensor of its parent: the same each time it is asked for. */
struct tensor *graph_capture(struct graph *body, struct tensor *outer);
void node_set_graph(struct graph *g, struct node *n, const char *name, struct graph *body);
void tensor_set_shape(struct graph *g, struct tensor *t, enum dtype d, int rank, const int64_t *dim);

bool node_is(const struct node *n, const char *op_type);                        /* of any domain */
const struct attribute *node_attribute(const struct node *n, const char *name); /* NULL where it is absent */
/* What a node reads: its inputs, absent ones too, then what its bodies capture; NULL after the last. */
struct tensor *node_reads(const struct node *n, int i);
int64_t node_int(const struct node *n, const char *name, int64_t fallback);
double node_float(const struct node *n, const char *name, double fallback);
const char *node_text(const struct node *n, const char *name, const char *fallback);
/* Element i of an INTS attribute, fallback where the attribute or the element is absent. */
int64_t node_int_at(const struct node *n, const char *name, int i, int64_t fallback);
bool tensor_is_initializer(const struct tensor *t); /* weight, buffer or constant */
bool tensor_is_known(const struct tensor *t); /* its shape; sequences and optionals need none: theirs is their elements'
                                               */
count tensor_elements(const struct tensor *t);
count tensor_bytes(const struct tensor *t); /* rounded up to whole bytes */

/* GABLE_NO_MEMORY where building failed; else checks the order (every input made before), names and outputs. */
gable_status graph_check(const struct graph *g, gable_error *e);
#endif
