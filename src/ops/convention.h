/* What other tools count for the same graph: each tool is a row of rules, every rule a number that can be read off the
   graph and a factor. They differ in what they add to the convolutions and linear layers, on which all agree, and in
   what they do not see. */
#ifndef OPS_CONVENTION_H
#define OPS_CONVENTION_H
#include "ops/ops.h"

enum measure {
    MEASURE_MACS,        /* multiply-accumulates */
    MEASURE_OUTPUT_MACS, /* a transposed convolution's as if its kernel met every output: stride x stride too many */
    MEASURE_WIDE_MACS,   /* the same with the outputs' channels in place of the inputs' */
    MEASURE_BIASES,      /* outputs of nodes with a bias */
    MEASURE_FLAT_BIASES, /* the same where the input has at most three dimensions: torch adds them within the product */
    MEASURE_OUTPUTS,     /* output elements */
    MEASURE_INPUTS,      /* elements of input 0 */
    MEASURE_ROWS,        /* output elements / the last dimension */
    MEASURE_WINDOWS,     /* output elements x kernel area */
    MEASURE_POOLED,      /* output elements x floor(input / output) per axis: thop's window of an adaptive pooling */
    MEASURE_PARAMS,      /* trained elements x batch */
};
/* Many tools see only modules, or see them twice. The zoo says which nodes are the work of a module. In a file a node
   is taken for one, unless no module does its work (sums, products of two results) or its name has a scope
   ("/encoder/attention/MatMul") that it shares with other nodes: exporters give each module a scope of its own. */
enum call { CALL_ANY, CALL_MODULE, CALL_FUNCTION };

struct convention_rule {
    /* Separated by spaces: ONNX's names, and Linear (a product with fixed weights), Bias (what is added to one),
       Nearest, Bilinear and Bicubic (Resize of images). */
    const char *ops;
    enum call call;
    enum measure measure;
    int factor;
    const char *what; /* "batch norm outputs" */
};
enum { CONVENTION_RULES = 20 };
struct convention {
    const char *tool, *unit; /* "thop", "MACs" or "FLOPs": as the tool's numbers are to be read */
    const char *note;        /* where the tool's own word for it differs, or what it does not see */
    struct convention_rule rules[CONVENTION_RULES]; /* ends with a rule without ops */
    const char *lacks;   /* operators that the tool counts by rules that are not here; NULL for none */
    const char *crashes; /* a module's class that makes it fail; NULL for none */
};
const struct convention *convention_at(int i); /* NULL after the last */
const struct convention *convention_find(const char *tool);

struct convention_term {
    const struct convention_rule *rule;
    count n; /* contributes factor x n */
};
struct convention_total {
    count value;
    int n_terms; /* those with n > 0 */
    struct convention_term terms[CONVENTION_RULES];
    /* Products and convolutions that no rule of the tool sees, their MACs, and the first of them. */
    int n_missed;
    count missed_macs;
    const struct node *missed;
    int n_lacking;              /* nodes of `lacks`: the tool's number is another */
    const struct node *lacking; /* the first of them */
    const struct node *crash;   /* where the tool fails; it gives no number then */
};
/* The graph must have been inferred. */
void convention_count(const struct convention *c, const struct graph *g, struct convention_total *out);
#endif
