/* A whole graph's costs: per node, per kind, totals; bytes at three levels; memory. Integers, exact, no weights
   touched. Formulas: docs/METRICS.md. */
#ifndef OPS_ANALYSIS_H
#define OPS_ANALYSIS_H
#include "ops/timeline.h"

struct node_cost {
    const struct node *node;
    enum op_kind kind;
    struct cost cost;
    struct backward backward;
    count params;       /* trained elements that this node is the first to use */
    count read_bytes;   /* activations and model inputs, each once; 0 for views, as the next two */
    count weight_bytes; /* weights, buffers and constants; not the small ones of shapes and bounds */
    count write_bytes;
    int group; /* the fused group that runs it, -1 where nothing runs (a view) */
};
struct traffic {
    count unfused, fused, ideal; /* bytes */
};
struct memory {
    count weights;     /* bytes of all parameters and buffers */
    count activations; /* bytes of all outputs of nodes that are no views */
    count peak_live;   /* most bytes of activations (model inputs and outputs included) alive at one step: in the nodes'
                          order, from the step that makes them to the last that reads them, without in-place reuse; a
                          view shares its source's storage */
    int peak_node;     /* the step of that peak */
};
struct kind_total {
    int nodes;
    struct cost cost;
    struct backward backward;
    count bytes; /* unfused */
    count params;
};
/* Which nodes run as one: made by engine/plan/groups. A view belongs to no group. */
struct grouping {
    int n_groups;
    const int *group_of; /* per node, -1 for none; groups are numbered in execution order */
};
struct analysis {
    struct arena *arena;       /* everything here */
    const struct graph *graph; /* borrowed */
    int batch;                 /* dim 0 of the first input */
    struct coverage coverage;
    struct node_cost *nodes; /* graph->n_nodes */
    struct cost total;
    struct backward backward;
    struct gradients gradients;
    count params, buffers; /* elements */
    struct traffic bytes;
    struct memory memory;
    struct timeline timeline; /* of inference */
    struct kind_total kinds[KIND_N];
    int n_groups;
    count *group_bytes; /* per group: what it reads from and writes to other groups, and its weights */
    struct cost *group_cost;
};
/* grouping may be NULL: then every node is its own group. The graph must have been inferred. Caller frees. */
gable_status analysis_new(const struct graph *g, const struct grouping *grouping, struct analysis **out,
                          gable_error *e);
void analysis_free(struct analysis *a);
#endif
