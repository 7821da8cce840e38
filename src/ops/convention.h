/* What other tools count for the same graph: each tool is a row of rules, every rule a number that can be read off the
   graph and a factor. They differ in what they add to the convolutions and linear layers, on which all agree. */
#ifndef OPS_CONVENTION_H
#define OPS_CONVENTION_H
#include "ops/ops.h"

enum measure {
    MEASURE_MACS,    /* multiply-accumulates */
    MEASURE_BIASES,  /* outputs of nodes with a bias */
    MEASURE_OUTPUTS, /* output elements */
    MEASURE_INPUTS,  /* elements of input 0 */
    MEASURE_POOLED,  /* output elements x floor(input / output) per axis: thop's window of an adaptive pooling */
    MEASURE_PARAMS,  /* trained elements x batch */
};
enum call { CALL_ANY, CALL_MODULE, CALL_FUNCTION }; /* many tools see only modules, or see them twice */

struct convention_rule {
    const char *ops; /* ONNX names, separated by spaces */
    enum call call;
    enum measure measure;
    int factor;
    const char *what; /* "batch norm outputs" */
};
enum { CONVENTION_RULES = 12 };
struct convention {
    const char *tool, *unit; /* "thop", "MACs" or "FLOPs": as the tool's numbers are to be read */
    const char *note;        /* where the tool's own word for it differs, or what it does not see */
    struct convention_rule rules[CONVENTION_RULES]; /* ends with a rule without ops */
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
};
/* The graph must have been inferred. */
void convention_count(const struct convention *c, const struct graph *g, struct convention_total *out);
#endif
