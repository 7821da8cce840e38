/* What other steps take from a convolution as a matrix product. */
#ifndef ENGINE_CPU_PRODUCT_H
#define ENGINE_CPU_PRODUCT_H
#include "engine/cpu/worker.h"

/* Offsets, once buffers are placed. */
void product_resolve(const struct plan *p, struct product *c);
long product_floats(const struct plan *p, const struct product *c); /* of weights and biases */
void product_pack(const struct plan *p, struct product *c, const struct weights *w, float *to);
/* The floats where the input begins; padded first, where it is: then the threads of an image meet here. */
const float *product_source(const struct worker *w, const struct product *c);
/* Floats between neighbouring pixels, and between rows, that one output and the next read. */
struct strides {
    int pixel, row;
};
struct strides product_strides(const struct plan *p, const struct product *c);
#endif
