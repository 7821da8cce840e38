/* Poolings of whole planes: GlobalAveragePool, GlobalMaxPool, GlobalLpPool, and the adaptive mean. */
#include "engine/general/kernels/hot.h"
#include "engine/general/tables.h"

#include "ops/rule.h"

#include <inttypes.h>
#include <math.h>

enum whole { WHOLE_MEAN, WHOLE_MAX, WHOLE_NORM };
struct planes {
    const struct value *x;
    struct value *y;
    int64_t pixels;
    enum whole how;
    double p;
};

#define WHOLE(name, type)                                                                               \
    static HOT type name(const type *x, int64_t n, enum whole how, double p)                            \
    {                                                                                                   \
        type most = x[0];                                                                               \
        double sum = 0;                                                                                 \
        if (how == WHOLE_MAX)                                                                           \
            for (int64_t i = 1; i < n; i++) most = x[i] > most ? x[i] : most;                           \
        else if (how == WHOLE_MEAN)                                                                     \
            for (int64_t i = 0; i < n; i++) sum += (double)x[i];                                        \
        else                                                                                            \
            for (int64_t i = 0; i < n; i++) sum += pow(fabs((double)x[i]), p);                          \
        return how == WHOLE_MAX ? most : (type)(how == WHOLE_MEAN ? sum / (double)n : pow(sum, 1 / p)); \
    }
WHOLE(whole_f32, float)
WHOLE(whole_f64, double)

static void whole_planes(void *arg, int64_t first, int64_t end)
{
    const struct planes *w = arg;
    for (int64_t i = first; i < end; i++) {
        if (w->x->dtype == DTYPE_F32)
            ((float *)w->y->data)[i] = whole_f32((const float *)w->x->data + i * w->pixels, w->pixels, w->how, w->p);
        else
            ((double *)w->y->data)[i] = whole_f64((const double *)w->x->data + i * w->pixels, w->pixels, w->how, w->p);
    }
}

static gable_status check(struct call *c, const struct value *x)
{
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64)
        return call_refuse(c, "pools f32 and f64, not %s", dtype_name(x->dtype));
    if (x->rank < 3 || value_count(x, 2, x->rank) < 1) return call_refuse(c, "nothing is left to pool");
    return GABLE_OK;
}

static gable_status whole(struct call *c, enum whole how)
{
    const struct value *x = c->in[0];
    int64_t dim[SHAPE_RANK_MAX], p = node_int(c->node, "p", 2);
    gable_status s = check(c, x);
    if (!s && (p < 1 || p > 1000)) s = call_refuse(c, "p is %" PRId64 ", it must be 1 to 1000", p);
    for (int i = 0; i < x->rank; i++) dim[i] = i < 2 ? x->dim[i] : 1;
    if (!s) s = call_make(c, 0, x->dtype, x->rank, dim);
    if (s) return s;
    struct planes w = {x, c->out[0], value_count(x, 2, x->rank), how, (double)p};
    call_parallel(c, x->dim[0] * x->dim[1], 1 + GRAIN / w.pixels, whole_planes, &w);
    return GABLE_OK;
}
static gable_status run_mean(struct call *c) { return whole(c, WHOLE_MEAN); }
static gable_status run_max(struct call *c) { return whole(c, WHOLE_MAX); }
static gable_status run_norm(struct call *c) { return whole(c, WHOLE_NORM); }

/* torch's bins: o of O over H pixels is [floor(o H / O), ceil((o + 1) H / O)). Along one axis, from in to out, both as
   outer x size x inner. */
static void adapt_axis(const double *in, int64_t outer, int64_t size, int64_t inner, int64_t bins, double *out)
{
    for (int64_t o = 0; o < outer * bins; o++) {
        int64_t first = o % bins * size / bins, end = ((o % bins + 1) * size + bins - 1) / bins;
        for (int64_t i = 0; i < inner; i++) {
            double sum = 0;
            for (int64_t k = first; k < end; k++) sum += in[(o / bins * size + k) * inner + i];
            out[o * inner + i] = sum / (double)(end - first);
        }
    }
}

/* Means of means: every bin of an axis has the same size for all places of the others. */
static gable_status run_adaptive(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t dim[SHAPE_RANK_MAX], bins[SHAPE_RANK_MAX] = {0};
    struct value from, to;
    gable_status s = check(c, x);
    if (!s) s = rule_ints(c->node, "output_size", x->rank - 2, 1, 1, 1 << 16, bins, c->e);
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    if (!s) s = call_temporary(c, DTYPE_F64, x->rank, dim, &from);
    if (!s) value_convert(x, &from);
    for (int k = 2; k < x->rank && !s; k++) {
        dim[k] = bins[k - 2];
        s = call_temporary(c, DTYPE_F64, x->rank, dim, &to);
        if (!s)
            adapt_axis(from.data, value_count(&from, 0, k), from.dim[k], value_count(&from, k + 1, from.rank), dim[k],
                       to.data);
        if (!s) from = to;
    }
    if (!s) s = call_make(c, 0, x->dtype, x->rank, dim);
    if (!s) value_convert(&from, c->out[0]);
    return s;
}

const struct kernel kernels_pool_whole[] = {
    {.op = "GlobalAveragePool", .domain = "", .run = run_mean, .in_f32 = true},
    {.op = "GlobalMaxPool", .domain = "", .run = run_max, .in_f32 = true},
    {.op = "GlobalLpPool", .domain = "", .run = run_norm, .in_f32 = true},
    {.op = "AdaptiveAveragePool", .domain = "ai.gable", .run = run_adaptive, .in_f32 = true},
    {0},
};
