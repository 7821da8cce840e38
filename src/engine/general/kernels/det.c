/* Det: the determinant of each square matrix of the last two axes, by elimination with row exchanges. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>

static void exchange_rows(double *a, int64_t n, int64_t i, int64_t k)
{
    for (int64_t j = 0; j < n && i != k; j++) {
        double kept = a[i * n + j];
        a[i * n + j] = a[k * n + j];
        a[k * n + j] = kept;
    }
}

static double determinant(double *a, int64_t n) /* destroys a */
{
    double product = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[pivot * n + k])) pivot = i;
        exchange_rows(a, n, k, pivot);
        product *= pivot == k ? a[k * n + k] : -a[k * n + k];
        if (a[k * n + k] == 0) return product;
        for (int64_t i = k + 1; i < n; i++) {
            double factor = a[i * n + k] / a[k * n + k];
            EACH (j, n - k) a[i * n + k + j] -= factor * a[k * n + k + j];
        }
    }
    return product;
}

static gable_status run_det(struct call *c)
{
    gable_status s = operand_tensors(c, 1);
    const struct value *x = c->in[0];
    if (s) return s;
    int64_t n = x->rank < 2 ? 0 : x->dim[x->rank - 1];
    if (x->rank < 2 || x->dim[x->rank - 2] != n) return call_refuse(c, "needs square matrices");
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64) return loops_refuse_dtype(c, x->dtype);
    struct value matrix;
    s = call_make(c, 0, x->dtype, x->rank - 2, x->dim);
    if (!s) s = call_temporary(c, DTYPE_F64, 2, (const int64_t[]){n, n}, &matrix);
    if (s) return s;
    double *a = matrix.data;
    for (int64_t m = 0; m < c->out[0]->n; m++) {
        for (int64_t i = 0; i < n * n; i++) a[i] = value_real(x, m * n * n + i);
        double d = determinant(a, n);
        if (x->dtype == DTYPE_F32)
            ((float *)c->out[0]->data)[m] = (float)d;
        else
            ((double *)c->out[0]->data)[m] = d;
    }
    return s;
}

const struct kernel kernels_det[] = {{.op = "Det", .domain = "", .run = run_det, .in_f32 = true}, {0}};
