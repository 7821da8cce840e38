/* A node whose weights are the same in every run keeps them packed, in its state. */
#ifndef ENGINE_GENERAL_KERNELS_BAKE_H
#define ENGINE_GENERAL_KERNELS_BAKE_H
#include "engine/general/kernel.h"
#include "engine/onednn/baked.h"

/* Input 1, in f32, packed for that shape, now or in an earlier run; NULL where it is not the same in every run, or
   oneDNN has nothing fast for it: the kernel goes its usual way. Shapes are compared byte by byte: what lies between
   their fields must be 0. */
struct baked *bake_convolution(struct call *c, const struct baked_convolution *s);
struct baked *bake_product(struct call *c, const struct baked_product *s);
gable_status bake_run(struct call *c, struct baked *b, const float *x, const float *bias, float *y);
void bake_free(void *state);
#endif
