/* Normalisations per channel: BatchNormalization, InstanceNormalization, GroupNormalization. */
#include "engine/general/kernels/hot.h"
#include "engine/general/tables.h"

#include <inttypes.h>
#include <math.h>

/* y = scale x + shift over rows of `pixels`. */
struct affine {
    const struct value *x;
    struct value *y;
    int64_t pixels;
    const double *scale, *shift; /* one of each per row */
};
static HOT void affine_f32(const float *x, int64_t n, float scale, float shift, float *y)
{
    EACH (i, n) y[i] = scale * x[i] + shift;
}
static HOT void affine_f64(const double *x, int64_t n, double scale, double shift, double *y)
{
    EACH (i, n) y[i] = scale * x[i] + shift;
}
static void affine_rows(void *arg, int64_t first, int64_t end)
{
    const struct affine *a = arg;
    for (int64_t r = first; r < end; r++) {
        int64_t at = r * a->pixels;
        if (a->x->dtype == DTYPE_F32)
            affine_f32((const float *)a->x->data + at, a->pixels, (float)a->scale[r], (float)a->shift[r],
                       (float *)a->y->data + at);
        else
            affine_f64((const double *)a->x->data + at, a->pixels, a->scale[r], a->shift[r], (double *)a->y->data + at);
    }
}

struct moments {
    double mean, variance;
};
/* Of `pieces` rows of n values, `apart` values between their beginnings: two passes, nothing cancels. */
static HOT double sum_f32(const float *x, int64_t n, double mean, bool squares)
{
    double sum = 0;
    if (squares)
        for (int64_t i = 0; i < n; i++) sum += ((double)x[i] - mean) * ((double)x[i] - mean);
    else
        for (int64_t i = 0; i < n; i++) sum += (double)x[i];
    return sum;
}
static HOT double sum_f64(const double *x, int64_t n, double mean, bool squares)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += squares ? (x[i] - mean) * (x[i] - mean) : x[i];
    return sum;
}
static struct moments moments_of(const struct value *x, int64_t first, int64_t n, int64_t pieces, int64_t apart)
{
    double part[2] = {0, 0}, mean = 0;
    for (int squares = 0; squares < 2; squares++) {
        for (int64_t p = 0; p < pieces; p++) {
            int64_t at = first + p * apart;
            part[squares] += x->dtype == DTYPE_F32 ? sum_f32((const float *)x->data + at, n, mean, squares)
                                                   : sum_f64((const double *)x->data + at, n, mean, squares);
        }
        part[squares] /= (double)(n * pieces);
        mean = part[0];
    }
    return (struct moments){part[0], part[1]};
}

static gable_status check(struct call *c, const struct value *x, int n, const int64_t *lengths)
{
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64)
        return call_refuse(c, "normalises f32 and f64, not %s", dtype_name(x->dtype));
    if (x->rank < 2) return call_refuse(c, "input 0 has %d dimensions, at least 2 are needed", x->rank);
    for (int i = 0; i < n; i++)
        if (c->n_in <= 1 + i || c->in[1 + i]->n != lengths[i])
            return call_refuse(c, "input %d must hold %" PRId64 " values", 1 + i, lengths[i]);
    return GABLE_OK;
}

/* Scale and shift of every row (image and channel). */
static double *rows_of(struct call *c, const struct value *x)
{
    return call_scratch(c, (size_t)(2 * x->dim[0] * x->dim[1] + 1) * sizeof(double));
}

static gable_status apply(struct call *c, const struct value *x, const double *scale, const double *shift)
{
    struct affine a = {x, c->out[0], value_count(x, 2, x->rank), scale, shift};
    call_parallel(c, x->dim[0] * x->dim[1], 1 + GRAIN / (a.pixels + 1), affine_rows, &a);
    return GABLE_OK;
}

struct statistics { /* of one channel */
    double mean, variance;
};
/* Batch statistics into `now`; running ones, decayed, into outputs 1 and 2 where they are wanted. */
static gable_status train(struct call *c, const struct value *x, struct statistics *now)
{
    double momentum = node_float(c->node, "momentum", 0.9);
    int64_t channels = x->dim[1], pixels = value_count(x, 2, x->rank);
    gable_status s = GABLE_OK;
    for (int64_t k = 0; k < channels; k++) {
        struct moments m = moments_of(x, k * pixels, pixels, x->dim[0], channels * pixels);
        now[k] = (struct statistics){m.mean, m.variance};
    }
    for (int i = 1; i <= 2 && i < c->n_out && !s; i++) {
        struct value *out = c->out[i];
        s = call_make(c, i, c->in[2 + i]->dtype, 1, &channels);
        for (int64_t k = 0; k < channels && !s; k++) {
            double old = value_real(c->in[2 + i], k), fresh = i == 1 ? now[k].mean : now[k].variance;
            double mixed = old * momentum + fresh * (1 - momentum);
            if (out->dtype == DTYPE_F32)
                ((float *)out->data)[k] = (float)mixed;
            else
                ((double *)out->data)[k] = mixed;
        }
    }
    return s;
}

static gable_status run_batch(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t channels = x->rank > 1 ? x->dim[1] : 0, lengths[4] = {channels, channels, channels, channels};
    double epsilon = node_float(c->node, "epsilon", 1e-5);
    bool trains = c->opset >= 14 ? node_int(c->node, "training_mode", 0) != 0 : c->n_out > 1;
    if (!node_int(c->node, "spatial", 1)) return call_refuse(c, "spatial = 0 is not supported");
    gable_status s = check(c, x, 4, lengths);
    if (!s) s = call_like(c, 0, x);
    if (s || x->n == 0) return s;
    struct statistics *of = call_scratch(c, (size_t)(channels + 1) * sizeof *of);
    double *rows = rows_of(c, x);
    if (!of || !rows) return error_set(c->e, GABLE_NO_MEMORY, "no memory for statistics");
    for (int64_t k = 0; k < channels; k++)
        of[k] = (struct statistics){value_real(c->in[3], k), value_real(c->in[4], k)};
    if (trains) s = train(c, x, of);
    int64_t n = x->dim[0] * channels;
    for (int64_t r = 0; r < n; r++) {
        const struct statistics *k = &of[r % channels];
        rows[r] = value_real(c->in[1], r % channels) / sqrt(k->variance + epsilon);
        rows[n + r] = value_real(c->in[2], r % channels) - k->mean * rows[r];
    }
    return s ? s : apply(c, x, rows, rows + n);
}

/* Channels of an image in groups that share their statistics; `per_group`: so are scale and bias (opset 18). */
static gable_status grouped(struct call *c, int64_t groups, bool per_group)
{
    const struct value *x = c->in[0];
    int64_t channels = x->rank > 1 ? x->dim[1] : 0, n_scales = per_group ? groups : channels;
    int64_t lengths[2] = {n_scales, n_scales};
    double epsilon = node_float(c->node, "epsilon", 1e-5);
    if (groups < 1 || channels % groups)
        return call_refuse(c, "%" PRId64 " channels cannot be cut into %" PRId64 " groups", channels, groups);
    gable_status s = check(c, x, 2, lengths);
    if (!s) s = call_like(c, 0, x);
    if (s || x->n == 0) return s;
    double *rows = rows_of(c, x);
    if (!rows) return error_set(c->e, GABLE_NO_MEMORY, "no memory for statistics");
    int64_t n = x->dim[0] * channels, width = channels / groups, pixels = value_count(x, 2, x->rank);
    for (int64_t g = 0; g < x->dim[0] * groups; g++) {
        struct moments m = moments_of(x, g * width * pixels, width * pixels, 1, 0);
        for (int64_t r = g * width; r < (g + 1) * width; r++) {
            int64_t k = per_group ? g % groups : r % channels;
            rows[r] = value_real(c->in[1], k) / sqrt(m.variance + epsilon);
            rows[n + r] = value_real(c->in[2], k) - m.mean * rows[r];
        }
    }
    return apply(c, x, rows, rows + n);
}
static gable_status run_instance(struct call *c)
{
    return grouped(c, c->in[0]->rank > 1 ? c->in[0]->dim[1] : 1, false);
}
static gable_status run_group(struct call *c) { return grouped(c, node_int(c->node, "num_groups", 1), c->opset < 21); }

const struct kernel kernels_normalise[] = {
    {.op = "BatchNormalization", .domain = "", .run = run_batch, .in_f32 = true},
    {.op = "InstanceNormalization", .domain = "", .run = run_instance, .in_f32 = true},
    {.op = "GroupNormalization", .domain = "", .run = run_group, .in_f32 = true},
    {0},
};
