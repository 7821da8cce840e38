/* Products and convolutions of whole numbers that f32 holds, exactly. */
#ifndef ENGINE_GENERAL_KERNELS_WHOLE_H
#define ENGINE_GENERAL_KERNELS_WHOLE_H
#include "engine/general/kernels/product.h"

/* y (s32, the caller releases it) = a b, as MatMul; a and b hold whole numbers as f32, `terms` products of which sum to
   less than 2^24. */
gable_status matmul_whole(struct call *c, const struct value *a, const struct value *b, int64_t terms, struct value *y);
/* As Conv by the node's attributes, without a bias. */
gable_status convolve_whole(struct call *c, const struct value *x, const struct value *w, int64_t terms,
                            struct value *y);
#endif
