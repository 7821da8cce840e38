/* An independent training pass in double precision: forward with batch statistics, cross-entropy, backward, one plain
   loop an operator, row-major, nothing shared with the engine. */
#ifndef TESTS_TRAIN_REVERSE_H
#define TESTS_TRAIN_REVERSE_H
#include "engine/weights.h"

struct reverse {
    int n;
    double **value, **gradient; /* per tensor index; gradient NULL where none came */
    double loss;
};
/* Fails the test at an operator that it does not know. `labels` one for each image. */
void reverse_run(const struct graph *g, const struct weights *w, const float *input, const int32_t *labels,
                 struct reverse *out);
void reverse_release(struct reverse *r);
#endif
