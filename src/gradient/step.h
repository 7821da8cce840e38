/* A training step as a graph: the model in its training form, the loss, the gradients of what is trained. Trained
   tensors and running statistics are inputs, their gradients and next values outputs; the rest stays as it is. */
#ifndef GRADIENT_STEP_H
#define GRADIENT_STEP_H
#include "gradient/gradient.h"

struct step_options {   /* zero means the default */
    bool is_squared;    /* mean squared difference to targets like output 0; else cross-entropy of labels */
    const char *frozen; /* weights whose names match this pattern (fnmatch) stay as they are */
};
struct step_state {
    int tensor, input, output; /* index of the tensor, in the model and in the step; where it comes in and goes out */
};
struct step {
    struct graph *graph; /* owned; inputs and outputs of the model come first */
    int target, loss;    /* input: labels, s64, or targets; output */
    int n_trained, n_running;
    struct step_state *trained; /* output: its gradient */
    struct step_state *running; /* output: its next value */
    int n_forward;              /* nodes of the model, the first ones, by its indices */
    const int *source; /* per node: the node whose gradient it is part of, itself in forward; -1 for the loss */
};
/* The model must have been inferred, and outlive the step. Names the node that cannot be trained. */
gable_status step_new(const struct graph *model, const struct step_options *o, struct step *out, gable_error *e);
void step_release(struct step *s);
#endif
