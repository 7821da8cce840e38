/* What other steps take from a depthwise convolution. */
#ifndef ENGINE_CPU_DEPTHWISE_H
#define ENGINE_CPU_DEPTHWISE_H
#include "engine/cpu/worker.h"

long depthwise_floats(const struct plan *p, const struct depthwise_step *d); /* of weights and biases */
void depthwise_pack(const struct plan *p, struct depthwise_step *d, const struct weights *w, float *to);
/* This thread's sums of the planes that are written, zero yet; NULL where nobody wants them. */
float *depthwise_sums(const struct worker *w, const struct depthwise_step *d);
/* Output rows y0..y1 - 1 of block b, whose input begins at `plane`. */
void depthwise_rows(const struct worker *w, const struct depthwise_step *d, int b, const float *plane, int y0, int y1,
                    float *sums);
#endif
