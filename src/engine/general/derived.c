#include "engine/general/derived.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A small constant that the graph itself holds. */
static gable_status load_small(struct pool *p, const struct tensor *t, struct value *out, gable_error *e)
{
    gable_status s = value_new(p, t->dtype, t->shape.rank, t->shape.dim, out, e);
    struct value wide = {.kind = VALUE_TENSOR, .dtype = t->ints ? DTYPE_S64 : DTYPE_F64, .n = out->n};
    wide.data = t->ints ? (void *)(uintptr_t)t->ints : (void *)(uintptr_t)t->reals;
    if (!s) value_convert(&wide, out);
    return s;
}

/* What becomes of x in channel c: slope[c] x + offset[c], in doubles. */
struct change {
    int64_t channels;
    double *slope, *offset;
};
/* Who asks, and for whom. */
struct deriving {
    const struct general_values *given;
    struct pool *pool;
    const struct graph *graph;
    gable_error *e;
};

/* One value a channel, or one for all; `fallback` where there is none. */
static gable_status channel_values(const struct deriving *l, const struct tensor *t, double fallback, int64_t channels,
                                   double *out)
{
    struct value v = {0};
    gable_status s = t ? initializer_load(l->given, l->pool, l->graph, t, &v, l->e) : GABLE_OK;
    if (!s && t && v.n != 1 && v.n != channels)
        s = error_set(l->e, GABLE_BAD_INPUT, "is folded with %lld values, it has %lld channels", (long long)v.n,
                      (long long)channels);
    for (int64_t c = 0; c < channels && !s; c++) out[c] = t ? value_real(&v, v.n == 1 ? 0 : c) : fallback;
    value_release(&v);
    return s;
}

static gable_status read_change(const struct deriving *l, const struct derived *f, struct change *x)
{
    int64_t n = x->channels;
    double *part = malloc((size_t)n * sizeof *part + 1);
    gable_status s =
        part ? GABLE_OK : error_set(l->e, GABLE_NO_MEMORY, "no memory to fold %lld channels", (long long)n);
    if (!s) s = channel_values(l, f->factor, 1, n, x->slope);
    if (!s) s = channel_values(l, f->divisor, 1, n, part);
    for (int64_t c = 0; c < n && !s; c++) x->slope[c] /= part[c];
    if (!s && f->variance) s = channel_values(l, f->variance, 1, n, part);
    for (int64_t c = 0; c < n && !s && f->variance; c++) x->slope[c] /= sqrt(part[c] + f->epsilon);
    if (!s) s = channel_values(l, f->shift, 0, n, x->offset);
    if (!s) s = channel_values(l, f->mean, 0, n, part);
    for (int64_t c = 0; c < n && !s; c++) x->offset[c] -= part[c] * x->slope[c];
    free(part);
    return s;
}

static void apply(const struct change *x, const struct value *from, int axis, struct value *to)
{
    int64_t inner = value_count(to, axis + 1, to->rank);
    for (int64_t i = 0; i < to->n; i++) {
        int64_t c = i / inner % x->channels;
        double y = from->n ? value_real(from, i) * x->slope[c] + x->offset[c] : x->offset[c];
        if (to->dtype == DTYPE_F32)
            ((float *)to->data)[i] = (float)y;
        else
            ((double *)to->data)[i] = y;
    }
}

static gable_status derive(const struct deriving *l, const struct tensor *t, struct value *out)
{
    const struct derived *f = t->derived;
    struct value from = {0};
    struct change x = {.channels = t->shape.dim[f->axis]};
    x.slope = calloc((size_t)x.channels + 1, sizeof *x.slope);
    x.offset = calloc((size_t)x.channels + 1, sizeof *x.offset);
    gable_status s = x.slope && x.offset ? GABLE_OK : error_set(l->e, GABLE_NO_MEMORY, "no memory to fold it");
    if (!s && f->of) s = initializer_load(l->given, l->pool, l->graph, f->of, &from, l->e);
    if (!s) s = read_change(l, f, &x);
    if (!s) s = value_new(l->pool, t->dtype, t->shape.rank, t->shape.dim, out, l->e);
    if (!s) apply(&x, &from, f->axis, out);
    value_release(&from);
    free(x.slope);
    free(x.offset);
    return s;
}

gable_status initializer_load(const struct general_values *given, struct pool *p, const struct graph *g,
                              const struct tensor *t, struct value *out, gable_error *e)
{
    if (t->ints || (t->reals && (t->dtype == DTYPE_F64 || t->dtype == DTYPE_F32))) return load_small(p, t, out, e);
    if (t->derived && !(given && given->draws)) return derive(&(struct deriving){given, p, g, e}, t, out);
    if (!given) return error_set(e, GABLE_BAD_INPUT, "has no values");
    return given->load(given, p, g, t, out, e);
}
