/* 3x3 convolutions and their gradients by Winograd F(4x4, 3x3) on our kernels. Private to engine/train/. */
#ifndef ENGINE_TRAIN_WINOGRAD_H
#define ENGINE_TRAIN_WINOGRAD_H
#include "engine/train/session.h"

bool winograd_fits(const struct convolution_shape *s);
/* Bytes, the most of all passes; *fixed: of these, what a larger batch needs no more of. */
size_t winograd_scratch(const struct train_plan *plan, const struct part *p, size_t *fixed);
/* FORWARD: the output, with bias and relu. DATA: the input's gradient, added where it joins another. WEIGHT: the
   filters' gradient. */
void winograd_run(struct trainer_session *s, struct part *p, enum convolution_pass pass);
#endif
