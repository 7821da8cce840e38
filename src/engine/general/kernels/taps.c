#include "engine/general/kernels/taps.h"

#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>

/* Where place p of the output lies in the input. */
static double coordinate_of(const struct resampler *r, const struct taps *t, int64_t p)
{
    const double x = (double)p, in = (double)t->in, half = (x + 0.5) / t->scale - 0.5;
    switch (r->coordinate) {
    case COORDINATE_half_pixel_symmetric: /* the output's middle is the input's, though its size was cut */
        return in / 2 * (1 - (double)t->out / t->length) + half;
    case COORDINATE_pytorch_half_pixel: return t->out > 1 ? half : 0;
    case COORDINATE_align_corners: return t->out > 1 ? x * (in - 1) / (t->length - 1) : 0;
    case COORDINATE_asymmetric: return x / t->scale;
    case COORDINATE_tf_half_pixel_for_nn: return (x + 0.5) / t->scale;
    case COORDINATE_tf_crop_and_resize:
        return t->out > 1 ? t->start * (in - 1) + x * (t->end - t->start) * (in - 1) / (t->length - 1)
                          : 0.5 * (t->start + t->end) * (in - 1);
    default: return half;
    }
}

static double nearest_to(const struct resampler *r, const struct taps *t, double x)
{
    switch (r->rounding) {
    case ROUNDING_round_prefer_ceil: return floor(x + 0.5);
    case ROUNDING_floor: return floor(x);
    case ROUNDING_ceil: return ceil(x);
    case ROUNDING_AWAY: return t->scale < 1 ? ceil(x) : floor(x);
    default: return ceil(x - 0.5);
    }
}

static double triangle(double t) { return t < 1 ? 1 - t : 0; }
static double cubic(double t, double a) /* [Keys 1981] */
{
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/* Weights of place p: their sum is 1. `stretch` makes them span as much more of the input as the axis shrinks. */
static void weigh(const struct resampler *r, struct taps *t, int64_t p, double x, double stretch)
{
    const int before = t->n / 2 - 1;
    double sum = 0, first = floor(x) - before;
    for (int k = 0; k < t->n; k++) {
        double at = first + k, away = fabs(x - at) / stretch,
               cut = at < 0               ? 0
                     : at < (double)t->in ? at
                                          : (double)t->in - 1;
        double weight = r->kind == RESAMPLING_LINEAR ? triangle(away) : cubic(away, r->cubic);
        if (r->leaves_out && at != cut) weight = 0;
        t->index[k * t->out + p] = (int32_t)cut;
        t->weight[k * t->out + p] = weight;
        sum += weight;
    }
    for (int k = 0; k < t->n && sum != 0; k++) t->weight[k * t->out + p] /= sum;
}

static gable_status make_room(struct call *c, const struct resampler *r, struct taps *t)
{
    size_t all = (size_t)t->n * (size_t)t->out;
    t->index = call_scratch(c, all * sizeof *t->index);
    t->weight = r->kind == RESAMPLING_NEAREST ? NULL : call_scratch(c, all * sizeof *t->weight);
    t->is_outside = r->coordinate == COORDINATE_tf_crop_and_resize ? call_scratch(c, (size_t)t->out) : NULL;
    bool is_whole = t->index && (t->weight || r->kind == RESAMPLING_NEAREST) &&
                    (t->is_outside || r->coordinate != COORDINATE_tf_crop_and_resize);
    return is_whole ? GABLE_OK : operand_no_memory(c);
}

gable_status taps_plan(struct call *c, const struct resampler *r, struct taps *t)
{
    double stretch = r->widens && t->scale < 1 ? 1 / t->scale : 1, reach = r->kind == RESAMPLING_CUBIC ? 2 : 1;
    t->n = r->kind == RESAMPLING_NEAREST ? 1 : 2 * (int)ceil(reach * stretch);
    if (t->in > INT32_MAX / 8 || t->out > INT32_MAX / 8)
        return call_refuse(c, "an axis of %" PRId64 " places is too long to be resized",
                           t->in > t->out ? t->in : t->out);
    gable_status s = make_room(c, r, t);
    t->is_same = t->in == t->out;
    for (int64_t p = 0; p < t->out && !s; p++) {
        double x = coordinate_of(r, t, p), last = (double)(t->in - 1);
        if (!(fabs(x) < 0x1p40)) x = x > 0 ? 0x1p40 : -0x1p40;
        if (t->is_outside) t->is_outside[p] = x < 0 || x > last;
        if (r->kind == RESAMPLING_NEAREST) x = nearest_to(r, t, x);
        if (r->kind == RESAMPLING_NEAREST || r->widens) x = x < 0 ? 0 : x > last ? last : x;
        if (x != (double)p || (t->is_outside && t->is_outside[p])) t->is_same = false;
        if (r->kind == RESAMPLING_NEAREST)
            t->index[p] = (int32_t)x;
        else
            weigh(r, t, p, x, stretch);
    }
    return s;
}
