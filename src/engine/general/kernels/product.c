#include "engine/general/kernels/product.h"

#include "engine/general/kernels/hot.h"

#include <dnnl.h>
#include <string.h>

/* Row by row, the inner loop along a row of B and C: a vector where B is not transposed. Integers wrap as unsigned. */
#define PLAIN(name, type, wide)                                                                                   \
    static HOT void name(int64_t m, int64_t n, int64_t k, struct matrix a, struct matrix b, bool adds, void *out, \
                         int64_t stride)                                                                          \
    {                                                                                                             \
        const type *x = a.at, *y = b.at;                                                                          \
        int64_t down = b.is_transposed ? 1 : b.stride, along = b.is_transposed ? b.stride : 1;                    \
        for (int64_t i = 0; i < m; i++) {                                                                         \
            type *row = (type *)out + i * stride;                                                                 \
            if (!adds) memset(row, 0, (size_t)n * sizeof *row);                                                   \
            for (int64_t p = 0; p < k; p++) {                                                                     \
                wide factor = (wide)x[a.is_transposed ? p * a.stride + i : i * a.stride + p];                     \
                for (int64_t j = 0; j < n; j++)                                                                   \
                    row[j] = (type)((wide)row[j] + factor * (wide)y[p * down + j * along]);                       \
            }                                                                                                     \
        }                                                                                                         \
    }
PLAIN(product_f64, double, double)
PLAIN(product_32, uint32_t, uint32_t)
PLAIN(product_64, uint64_t, uint64_t)

static void product_f32(int64_t m, int64_t n, int64_t k, struct matrix a, struct matrix b, bool adds, void *out,
                        int64_t stride)
{
    if (k > 0) {
        dnnl_sgemm(a.is_transposed ? 'T' : 'N', b.is_transposed ? 'T' : 'N', m, n, k, 1.0f, a.at, a.stride, b.at,
                   b.stride, adds ? 1.0f : 0.0f, out, stride);
        return;
    }
    for (int64_t i = 0; i < m && !adds; i++) memset((float *)out + i * stride, 0, (size_t)n * sizeof(float));
}

typedef void product_function(int64_t m, int64_t n, int64_t k, struct matrix a, struct matrix b, bool adds, void *out,
                              int64_t stride);
static product_function *function_of(enum dtype d)
{
    switch ((int)d) {
    case DTYPE_F32: return product_f32;
    case DTYPE_F64: return product_f64;
    case DTYPE_S32:
    case DTYPE_U32: return product_32;
    case DTYPE_S64:
    case DTYPE_U64: return product_64;
    default: return NULL;
    }
}

bool product_has(enum dtype d) { return function_of(d) != NULL; }

void product_run(enum dtype d, int64_t m, int64_t n, int64_t k, struct matrix a, struct matrix b, bool adds, void *c,
                 int64_t stride)
{
    if (m > 0 && n > 0) function_of(d)(m, n, k, a, b, adds, c, stride);
}

static HOT void add_whole(const float *x, int64_t n, int32_t *y)
{
    EACH (i, n) y[i] = (int32_t)((uint32_t)y[i] + (uint32_t)(int32_t)x[i]);
}

void product_whole(int64_t m, int64_t n, int64_t k, struct matrix a, struct matrix b, int64_t terms, int32_t *c,
                   int64_t stride, float *room)
{
    for (int64_t i = 0; i < m; i++) memset(c + i * stride, 0, (size_t)n * sizeof *c);
    for (int64_t p = 0, part; p < k && m > 0 && n > 0; p += part) {
        part = terms < k - p ? terms : k - p;
        struct matrix of_a = a, of_b = b;
        of_a.at = (const float *)a.at + (a.is_transposed ? p * a.stride : p);
        of_b.at = (const float *)b.at + (b.is_transposed ? p : p * b.stride);
        product_f32(m, n, part, of_a, of_b, false, room, n);
        for (int64_t i = 0; i < m; i++) add_whole(room + i * n, n, c + i * stride);
    }
}
