/* How nodes run their bodies: If, Loop, Scan. For what counts and shows them. */
#ifndef OPS_CONTROL_H
#define OPS_CONTROL_H
#include "ops/ops.h"

/* One body: its inputs from first_in on are the node's, place by place; its outputs from first_out on likewise, and the
   first n_carried of them are the inputs from first_in on of the next pass. */
struct body_run {
    const struct graph *body;
    count passes; /* as many as are counted: one where only data say */
    int first_in, first_out, n_carried;
    bool takes_inputs;
};
enum { BODIES_MAX = 2 };
/* Of the bodies one runs: the one that is known to, else any of the two branches. 0: the node has none, or none
   that these shapes fit. */
int control_runs(const struct node *n, struct body_run runs[BODIES_MAX]);
#endif
