/* A recurrent layer as its node and inputs say it, and the two ways to run it. */
#ifndef ENGINE_GENERAL_KERNELS_RECURRENT_H
#define ENGINE_GENERAL_KERNELS_RECURRENT_H
#include "engine/general/kernels/cells.h"

struct recurrent {
    enum dtype dtype;
    size_t bytes; /* of an element */
    int gates, directions;
    int64_t steps, batch, inputs, hidden;
    bool is_batch_first, is_linear_first;
    const struct value *x, *w, *r, *bias, *lengths, *h0, *c0, *peephole; /* those after r may be NULL */
    struct cell cell[2];
    char *sums, *gate, *through, *h, *c; /* of one direction: steps x batch x gates x hidden; batch x ... */
};
/* Can it run packed: f32, weights that never change, whole sequences, steps outermost. */
bool recurrent_packs(const struct call *c, const struct recurrent *l);
gable_status recurrent_run_packed(struct call *c, const struct recurrent *l); /* outputs are made */
void recurrent_forget(void *state);                                           /* what the node keeps: packed weights */
#endif
