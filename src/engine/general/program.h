/* A graph made ready to run: a kernel for each node, a place for each value, and who reads it last. Bodies of If, Loop
   and Scan are programs within programs. */
#ifndef ENGINE_GENERAL_PROGRAM_H
#define ENGINE_GENERAL_PROGRAM_H
#include "engine/general/kernel.h"

struct program;
struct step { /* a node and how it runs */
    const struct node *node;
    const struct kernel *kernel;
    void *state;
    int n_chain; /* steps from this one on that may run as one; 1 for itself alone */
    int n_ends;
    const int *ends;        /* tensors that nobody reads any more when it is done */
    struct program *bodies; /* of its attributes, a list */
};
struct program {
    const struct graph *graph;
    struct program *parent, *next; /* next: the following body of the same node */
    int n_steps, n_slots;
    struct step *steps;
    int *slot_of;      /* per tensor: index in values, -1 where a tensor has none */
    bool *is_wanted;   /* per tensor: somebody reads it */
    bool *is_constant; /* per tensor: the same in every run */
    struct value *values;
    const struct value **in; /* operands of the step that runs */
    struct value **out;
};
/* Everything is in `a`, kernels' states apart. Refuses a node that no kernel runs: "no kernel for Foo". */
gable_status program_new(struct arena *a, const struct graph *g, struct program *parent, struct program **out,
                         gable_error *e);
void program_end(struct program *p); /* releases values and states; NULL is fine */
/* The place of a tensor that has one. */
static inline struct value *program_value(struct program *p, const struct tensor *t)
{
    return &p->values[p->slot_of[t->index]];
}
#endif
