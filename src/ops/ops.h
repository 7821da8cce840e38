/* The operator table: one row per ONNX operator: its shape rule, its forward cost, what its gradients cost and keep.
   Adding an operator touches one row here (and one lowering per engine that runs it). */
#ifndef OPS_OPS_H
#define OPS_OPS_H
#include "graph/graph.h"

/* What a node is to a reader of a report. JSON name, label in prose. Order is the order of every stack and legend. */
/* clang-format off */
#define OP_KINDS(X) \
    X(CONV, "conv", "convolution", "kxk convolutions") \
    X(POINTWISE, "pointwise", "1x1 convolution", "1x1 convolutions") \
    X(DEPTHWISE, "depthwise", "depthwise convolution", "depthwise convolutions") \
    X(GROUPED, "grouped", "grouped convolution", "grouped convolutions") \
    X(LINEAR, "linear", "fully connected", "fully connected layers") \
    X(NORM, "norm", "normalisation", "normalisations") \
    X(ACTIVATION, "activation", "activation", "activations") \
    X(POOL, "pool", "pooling", "pooling layers") \
    X(ELEMENTWISE, "elementwise", "element-wise arithmetic", "element-wise operators") \
    X(MOVE, "move", "data movement", "data movements") \
    X(OTHER, "other", "other", "other operators")
/* clang-format on */
#define OP_KIND_ENUM(name, json, label, several) KIND_##name,
enum op_kind { OP_KINDS(OP_KIND_ENUM) KIND_N };
const char *op_kind_name(enum op_kind k);
const char *op_kind_label(enum op_kind k);
const char *op_kind_several(enum op_kind k); /* within a sentence: "depthwise convolutions" */

/* Forward cost of one node; docs/METRICS.md defines each formula. flops >= 2 * macs. */
struct cost {
    count macs, flops;
};
struct cost cost_add(struct cost a, struct cost b);

#define DOMAIN_ONNX ""
#define DOMAIN_GABLE "ai.gable" /* the few operators that ONNX lacks */

/* What is known of a node's cost. */
enum certainty {
    COST_EXACT,
    COST_BOUND,   /* at least so much: the row says why */
    COST_TAUGHT,  /* by the user's rule (ops/taught.h) */
    COST_UNKNOWN, /* an operator without a row: counted as 0 and said to be missing */
    COST_MOST,    /* at most so much: data decide its shapes, the largest are counted */
    COST_CERTAINTIES
};
const char *certainty_name(enum certainty c);

/* What the gradient of one input reads besides the output's gradient. Weights are there anyway. */
enum keep {
    KEEP_NOTHING,
    KEEP_INPUT,  /* input 0 */
    KEEP_OUTPUT, /* output 0 */
    KEEP_BOTH,   /* input 0 and output 0 */
    KEEP_FACTOR, /* of inputs 0 and 1 the other one */
    KEEP_INDEX,  /* input 1 */
    KEEP_INPUTS, /* every input */
    KEEP_ALL,    /* every input and output 0 */
};
enum { GRADIENT_COLUMNS = 3 };
/* How a node behaves in training. Without `gradient` nothing flows back through it. */
struct training_rule {
    struct cost (*gradient)(const struct node *n, int input); /* of one input, from the output's gradient */
    struct cost (*forward)(const struct node *n); /* where it differs from inference; NULL: the same. Not a view then */
    int passes;                                   /* over input 0 in forward; 0 is 1 */
    enum keep keep;
    count (*keep_bytes)(const struct node *n); /* what it keeps beside tensors: positions, masks, statistics; or NULL */
    int per_element[GRADIENT_COLUMNS];         /* FLOPs, where `gradient` is built on that (ops/gradient.h) */
    const char *formula;                       /* FLOPs in words; why there is none */
};

struct op {
    const char *name, *domain;
    struct {
        int min, max;
    } inputs, outputs; /* max -1: any number */
    /* Sets the outputs' shapes and dtypes; says what is wrong with the node, not where it is. */
    gable_status (*shape)(struct graph *g, struct node *n, gable_error *e);
    struct cost (*cost)(const struct node *n);
    enum op_kind kind;
    enum op_kind (*classify)(const struct node *n); /* where the kind depends on the node; else NULL */
    int per_element;                                /* FLOPs per output element, where `cost` is built on that */
    bool is_elementwise; /* an output element depends on that element of the inputs alone, after broadcasting */
    bool is_view; /* moves no data: Reshape, Flatten, Identity, Dropout at inference; out[0] is in[0]'s storage */
    enum certainty certainty;
    enum certainty (*certain)(const struct node *n); /* where that depends on the node; else NULL */
    bool keeps_stated;   /* where data decide the shapes of its outputs, those that the file states are taken */
    const char *formula; /* FLOPs in words, for docs/METRICS.md and --help */
    struct training_rule train;
};
/* The row of every operator that has none. */
extern const struct op op_unknown;

const struct op *op_find(const char *domain, const char *name); /* NULL where there is none */
/* Inputs and outputs are as many as the row says, what it requires is there. */
gable_status op_check_arity(const struct op *op, const struct node *n, gable_error *e);
/* Every row, in the table's order; NULL after the last. */
const struct op *op_at(int i);

/* How much of a graph is known. */
struct coverage {
    int n_nodes, n[COST_CERTAINTIES];
};
enum certainty node_certainty(const struct node *n);
void coverage_find(const struct graph *g, struct coverage *out); /* the graph must have been inferred */
bool coverage_is_complete(const struct coverage *c);             /* no node is unknown */

/* Resolves a node's row, checks its arity and infers its outputs. An operator without a row passes as op_unknown where
   its outputs have stated shapes. The error names the node. */
gable_status ops_infer_node(struct graph *g, struct node *n, gable_error *e);
/* The same for every node of a graph that was read without shapes. */
gable_status ops_infer(struct graph *g, gable_error *e);
struct cost op_cost(const struct node *n);
struct cost op_training_cost(const struct node *n); /* forward, as training runs it */
const char *keep_words(enum keep k);                /* "input", "the other inputs" */
enum op_kind op_kind_of(const struct node *n);
#endif
