/* Convolutions and products whose second operand never changes: packed once, as oneDNN likes it best. What goes in and
   comes out is row-major; where oneDNN prefers blocks of channels, it is rearranged on the way. */
#ifndef ENGINE_ONEDNN_BAKED_H
#define ENGINE_ONEDNN_BAKED_H
#include "engine/onednn/onednn.h"

#include <stdbool.h>
#include <stdint.h>

enum { BAKED_PLANES = 3 };
struct baked_convolution {
    int planes;                      /* 1 to 3 dimensions behind the channels */
    int64_t images, groups, in, out; /* channels of all groups */
    int64_t x[BAKED_PLANES], y[BAKED_PLANES], kernel[BAKED_PLANES], stride[BAKED_PLANES], dilation[BAKED_PLANES],
        begin[BAKED_PLANES], end[BAKED_PLANES]; /* the first `planes` of each; dilation 1: none */
    bool has_bias;
};
struct baked_product { /* y [m][n] = x [m][k] w, w [k][n] or, transposed, [n][k]; or y += */
    int64_t m, n, k;
    bool is_transposed, adds;
};
struct baked;
/* `w` is row-major and read now; `d` must outlive it. *out is NULL after an error, and, without one, where oneDNN has
   nothing but its plain reference for it. */
gable_status baked_convolution_new(struct onednn *d, const struct baked_convolution *s, const float *w,
                                   struct baked **out, gable_error *e);
gable_status baked_product_new(struct onednn *d, const struct baked_product *s, const float *w, struct baked **out,
                               gable_error *e);
void baked_free(struct baked *b); /* NULL is fine */
size_t baked_scratch_bytes(const struct baked *b);
void baked_run(struct baked *b, const float *x, const float *bias, float *y, void *scratch);
#endif
