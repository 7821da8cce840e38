/* Weights of matrix products, folded and packed into panels. */
#ifndef ENGINE_CPU_PANELS_H
#define ENGINE_CPU_PANELS_H
#include "engine/cpu/plan.h"

/* The parameters of a convolution, Gemm or MatMul node with the normalisation after it (NULL: none). */
struct folded folded_of(const struct node *n, const struct node *norm);
struct chain;
struct folded folded_of_chain(const struct chain *c); /* of its root, with the normalisation and constants behind it */
/* Factor and addend of one output: y = scale * (weights . x) + shift. In double: running variances may be tiny. */
void folded_affine(const struct folded *f, const struct weights *w, int output, double *scale, double *shift);
const float *weights_of(const struct weights *w, const struct tensor *t);

/* k products for each of `outputs` outputs, in `groups` groups that start on blocks of their own. `width`: pixels that
   a tile may take in a row (narrow rows want more blocks per tile). false: no memory. */
bool panels_init(struct plan *p, struct panels *panels, int k, int outputs, int groups, int width, bool may_halve);
/* Floats with the biases of all blocks behind the weights. */
long panels_floats(const struct plan *p, const struct panels *panels, int outputs, int groups);
void panels_pack(const struct plan *p, struct panels *panels, const struct folded *f, int outputs, int groups,
                 const struct weights *w, float *to);
void bias_pack(const struct plan *p, const struct folded *f, int outputs, int groups, const struct weights *w,
               float *to);

struct span_of_pixels { /* neighbouring pixels and the panels they meet */
    const float *x;
    int pixels, step; /* step: floats between two pixels of x */
    int first_panel, last_panel;
    int first_k;       /* g->k products from here on: later parts of a sum start without the biases */
    int share, shares; /* of what is fetched ahead, the part that these pixels fetch; 0 of 0: all */
    const float *res;  /* NULL for none; like out, at the first panel's first block */
    float *out;
};
/* Tiles of evenly cut pixels; weights may stand in for those of the panels (scaled by a gate). */
void panels_run(const struct kernels *k, struct gemm *g, const struct panels *panels, const float *weights,
                enum gemm_variant variant, const struct span_of_pixels *s);
#endif
