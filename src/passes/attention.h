/* Attention as it is read from a graph: softmax(scale q k + summands) v, where a condition may take a number instead
   of a score. Private to passes/. */
#ifndef PASSES_ATTENTION_H
#define PASSES_ATTENTION_H
#include "passes/edit.h"

enum { ATTENTION_NODES = 16, ATTENTION_SUMMANDS = 2 };
/* What is broadcast to the scores, and the node in which it meets them. */
struct beside {
    struct tensor *t; /* or NULL */
    struct node *at;
};
struct attention {
    struct node *nodes[ATTENTION_NODES]; /* in order; the last one is what becomes Attention */
    int n;
    struct node *softmax;
    struct tensor *q, *k, *v;
    const struct shape *scores; /* as the product makes them */
    double scale;
    bool is_scaled;
    int n_summands;
    struct beside summand[ATTENTION_SUMMANDS]; /* the one added last is the first */
    struct beside condition;
    double otherwise;
    bool is_kept;     /* where the condition is true; else where it is false */
    int added_later;  /* summands that even what is taken instead is added to */
    bool zeroes_rows; /* a row without any score weighs nothing, instead of not being a number */
};
/* From the scores that Softmax reads up to q and k. False where they are none. */
bool attention_read_scores(const struct edit *e, struct tensor *t, struct attention *a);
/* Where the scores had another shape when they met something: nodes that are dead by then give it the shape that it
   needs beside the scores. attention_can_fit says whether that can be done. */
bool attention_can_fit(const struct attention *a);
gable_status attention_fit(struct edit *e, struct attention *a, gable_error *error);
#endif
