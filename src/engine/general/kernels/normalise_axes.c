/* Normalisations along axes: LayerNormalization, MeanVarianceNormalization, LpNormalization, LRN. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/tables.h"

#include <inttypes.h>
#include <math.h>

static gable_status check(struct call *c, const struct value *x)
{
    if (x->dtype == DTYPE_F32 || x->dtype == DTYPE_F64) return GABLE_OK;
    return call_refuse(c, "normalises f32 and f64, not %s", dtype_name(x->dtype));
}
static double at(const struct value *v, int64_t i)
{
    return v->dtype == DTYPE_F32 ? (double)((const float *)v->data)[i] : ((const double *)v->data)[i];
}
static void put(struct value *v, int64_t i, double x)
{
    if (v->dtype == DTYPE_F32)
        ((float *)v->data)[i] = (float)x;
    else
        ((double *)v->data)[i] = x;
}

struct layer {
    const struct value *x, *scale, *bias;
    struct value *y, *mean, *inverse;
    int64_t n;
    double epsilon;
};
static HOT void layer_row_f32(const float *x, int64_t n, float mean, float inverse, const float *scale,
                              const float *bias, float *y)
{
    if (bias)
        EACH (i, n) y[i] = (x[i] - mean) * inverse * scale[i] + bias[i];
    else
        EACH (i, n) y[i] = (x[i] - mean) * inverse * scale[i];
}
static HOT double row_sum(const float *x, int64_t n, double mean, bool squares)
{
    enum { LANES = 16 };
    double lane[LANES] = {0}, sum = 0;
    int64_t whole = n / LANES * LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        SIDE_BY_SIDE (j, LANES) {
            double v = (double)x[i + j] - mean;
            lane[j] += squares ? v * v : v;
        }
    for (int64_t i = whole; i < n; i++) {
        double v = (double)x[i] - mean;
        sum += squares ? v * v : v;
    }
    for (int j = 0; j < LANES; j++) sum += lane[j];
    return sum;
}
static double sum_of(const struct value *x, int64_t first, int64_t n, double mean, bool squares)
{
    if (x->dtype == DTYPE_F32) return row_sum((const float *)x->data + first, n, mean, squares);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = at(x, first + i) - mean;
        sum += squares ? v * v : v;
    }
    return sum;
}
static void layer_rows(void *arg, int64_t first, int64_t end)
{
    const struct layer *l = arg;
    int64_t n = l->n;
    for (int64_t r = first; r < end; r++) {
        double mean = sum_of(l->x, r * n, n, 0, false) / (double)n;
        double inverse = 1 / sqrt(sum_of(l->x, r * n, n, mean, true) / (double)n + l->epsilon);
        if (l->mean) put(l->mean, r, mean);
        if (l->inverse) put(l->inverse, r, inverse);
        if (l->x->dtype == DTYPE_F32)
            layer_row_f32((const float *)l->x->data + r * n, n, (float)mean, (float)inverse, l->scale->data,
                          l->bias ? l->bias->data : NULL, (float *)l->y->data + r * n);
        else
            for (int64_t i = 0; i < n; i++)
                put(l->y, r * n + i,
                    (at(l->x, r * n + i) - mean) * inverse * at(l->scale, i) + (l->bias ? at(l->bias, i) : 0));
    }
}

static gable_status run_layer(struct call *c)
{
    const struct value *x = c->in[0];
    int axis;
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = check(c, x);
    if (!s) s = operand_axis(c, -1, x->rank, &axis);
    if (s) return s;
    struct layer l = {x, c->in[1], call_has(c, 2) ? c->in[2] : NULL, .n = value_count(x, axis, x->rank)};
    l.epsilon = node_float(c->node, "epsilon", 1e-5);
    if (l.scale->n != l.n || l.scale->dtype != x->dtype || (l.bias && (l.bias->n != l.n || l.bias->dtype != x->dtype)))
        return call_refuse(c, "scale and bias must hold %" PRId64 " values of %s", l.n, dtype_name(x->dtype));
    for (int i = 0; i < x->rank; i++) dim[i] = i < axis ? x->dim[i] : 1;
    s = call_like(c, 0, x);
    for (int i = 1; i < 3 && i < c->n_out && !s; i++) s = call_make(c, i, x->dtype, x->rank, dim);
    if (s || x->n == 0) return s;
    l.y = c->out[0];
    l.mean = c->n_out > 1 ? c->out[1] : NULL;
    l.inverse = c->n_out > 2 ? c->out[2] : NULL;
    call_parallel(c, x->n / l.n, 1 + GRAIN / l.n, layer_rows, &l);
    return GABLE_OK;
}

/* Sums over the marked axes, one for each place of the others; `place[i]` is where element i belongs. */
static int64_t *places_of(struct call *c, const struct value *x, const bool *is_axis, int64_t *n)
{
    int64_t step[SHAPE_RANK_MAX] = {0}, *place = call_scratch(c, (size_t)(x->n + 1) * sizeof *place);
    *n = 1;
    for (int k = x->rank - 1; k >= 0; k--) {
        step[k] = is_axis[k] ? 0 : *n;
        if (!is_axis[k]) *n *= x->dim[k];
    }
    for (int64_t i = 0; place && i < x->n; i++) {
        place[i] = 0;
        for (int64_t k = x->rank - 1, rest = i; k >= 0; rest /= x->dim[k--]) place[i] += rest % x->dim[k] * step[k];
    }
    return place;
}

/* (x - mean) / (deviation + 1e-9), as ONNX's function says. */
static gable_status run_mean_variance(struct call *c)
{
    const struct value *x = c->in[0];
    bool is_axis[SHAPE_RANK_MAX] = {0};
    int listed;
    int64_t n;
    gable_status s = check(c, x);
    if (!s) s = operand_axes(c, "axes", 1 << 20, x->rank, is_axis, &listed);
    if (!s && listed < 0)
        for (int k = 0; k < x->rank; k++) is_axis[k] = k != 1;
    if (!s) s = call_like(c, 0, x);
    if (s || x->n == 0) return s;
    int64_t *place = places_of(c, x, is_axis, &n);
    double *mean = call_scratch(c, (size_t)n * sizeof *mean), *square = call_scratch(c, (size_t)n * sizeof *square);
    double each = (double)(x->n / n);
    if (!place || !mean || !square) return operand_no_memory(c);
    for (int64_t i = 0; i < n; i++) mean[i] = square[i] = 0;
    for (int64_t i = 0; i < x->n; i++) mean[place[i]] += at(x, i) / each;
    for (int64_t i = 0; i < x->n; i++) square[place[i]] += pow(at(x, i) - mean[place[i]], 2) / each;
    for (int64_t i = 0; i < x->n; i++) put(c->out[0], i, (at(x, i) - mean[place[i]]) / (sqrt(square[place[i]]) + 1e-9));
    return GABLE_OK;
}

static gable_status run_lp(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t p = node_int(c->node, "p", 2);
    int axis;
    gable_status s = check(c, x);
    if (!s && p != 1 && p != 2) s = call_refuse(c, "p is %" PRId64 ", it must be 1 or 2", p);
    if (!s) s = operand_axis(c, -1, x->rank, &axis);
    if (!s) s = call_like(c, 0, x);
    if (s) return s;
    struct lines l = lines_of(x, axis);
    for (int64_t i = 0; i < l.outer * l.inner; i++) {
        double norm = 0;
        for (int64_t k = 0; k < l.places; k++) norm += pow(fabs(at(x, lines_at(&l, i, k))), (double)p);
        norm = p == 1 ? norm : sqrt(norm);
        for (int64_t k = 0; k < l.places; k++)
            put(c->out[0], lines_at(&l, i, k), norm > 0 ? at(x, lines_at(&l, i, k)) / norm : 0);
    }
    return GABLE_OK;
}

/* Across channels: x / (bias + alpha / size x sum of squares of the `size` channels around)^beta. */
static gable_status run_lrn(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t size = node_int(c->node, "size", 0);
    double alpha = node_float(c->node, "alpha", 1e-4), beta = node_float(c->node, "beta", 0.75);
    double bias = node_float(c->node, "bias", 1);
    gable_status s = check(c, x);
    if (!s && (size < 1 || size > (int64_t)1 << 31 || x->rank < 2)) s = call_refuse(c, "size must be positive");
    if (!s) s = call_like(c, 0, x);
    if (s) return s;
    struct lines l = lines_of(x, 1);
    for (int64_t i = 0; i < l.outer * l.inner; i++)
        for (int64_t k = 0; k < l.places; k++) {
            int64_t first = k - (size - 1) / 2, end = k + size / 2 + 1;
            double sum = 0;
            first = first < 0 ? 0 : first;
            end = end > l.places ? l.places : end;
            for (int64_t q = first; q < end; q++) sum += pow(at(x, lines_at(&l, i, q)), 2);
            put(c->out[0], lines_at(&l, i, k),
                at(x, lines_at(&l, i, k)) / pow(bias + alpha / (double)size * sum, beta));
        }
    return GABLE_OK;
}

const struct kernel kernels_normalise_axes[] = {
    {.op = "LayerNormalization", .domain = "", .run = run_layer, .in_f32 = true},
    {.op = "MeanVarianceNormalization", .domain = "", .run = run_mean_variance, .in_f32 = true},
    {.op = "LpNormalization", .domain = "", .run = run_lp, .in_f32 = true},
    {.op = "LRN", .domain = "", .run = run_lrn, .in_f32 = true},
    {0},
};
