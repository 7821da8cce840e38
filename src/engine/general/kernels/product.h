/* Matrix products of row-major matrices: oneDNN's for f32, plain loops for the types that it lacks. */
#ifndef ENGINE_GENERAL_KERNELS_PRODUCT_H
#define ENGINE_GENERAL_KERNELS_PRODUCT_H
#include "engine/general/kernel.h"

struct matrix {
    const void *at;
    int64_t stride;     /* elements between rows, as stored */
    bool is_transposed; /* stored as columns x rows */
};
/* C (m x n, `stride` between rows) = A (m x k) B (k x n), + C where `adds`. d: f32, f64, s32, s64, u32, u64. */
void product_run(enum dtype d, int64_t m, int64_t n, int64_t k, struct matrix a, struct matrix b, bool adds, void *c,
                 int64_t stride);
bool product_has(enum dtype d);
/* The same of whole numbers, f32 in, s32 out, exactly: sums of up to `terms` products are below 2^24. `room` holds
   m x n floats. */
void product_whole(int64_t m, int64_t n, int64_t k, struct matrix a, struct matrix b, int64_t terms, int32_t *c,
                   int64_t stride, float *room);
#endif
