/* Batch normalisation in training, with stochastic depth, sum and activation after it. Statistics of a batch: per plane
   about a pivot in one pass, then joined in double precision [Chan, Golub, LeVeque 1983]. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <math.h>

/* What is remembered per channel, one row of blocks * vl floats each. */
enum row { ROW_MEAN, ROW_DEVIATION, ROW_VARIANCE, ROW_SCALE, ROW_SHIFT, ROW_A, ROW_B, ROW_C, ROWS };
_Static_assert((int)ROWS == (int)NORM_ROWS, "every row has its place");

static float *row_of(const struct trainer_session *s, const struct part *p, enum row r)
{
    size_t each = (size_t)p->out->blocks * (size_t)s->plan->vl;
    return s->statistics + p->statistics + (size_t)r * each; /* ROW_DEVIATION: its inverse */
}
static double pixels_of(const struct trainer_session *s, const struct part *p)
{
    return (double)s->plan->batch * (double)value_pixels(p->out);
}
/* Stochastic depth keeps an image's branch or drops it. */
static float image_factor(const struct trainer_session *s, const struct part *p, int image)
{
    if (p->drop == 0) return 1;
    return random_at(s, p, (uint64_t)image) < p->drop ? 0 : 1 / (1 - p->drop);
}

static float *partial(const struct trainer_session *s, const struct part *p, int rows, int image, int block)
{
    size_t plane = (size_t)image * (size_t)p->out->blocks + (size_t)block;
    return s->partials + plane * (size_t)rows * (size_t)s->plan->vl;
}
void norm_moments(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *x = p->in[0];
    (void)thread;
    s->plan->kernels->moments(value_now(s, x) + value_plane(s, x, image, block), value_pixels(x),
                              partial(s, p, MOMENTS, image, block));
}
static void join_moments(struct trainer_session *s, const struct part *p, int c, double *mean, double *variance)
{
    int vl = s->plan->vl, images = s->plan->batch;
    double each = (double)value_pixels(p->in[0]), about = 0, sum = 0, square = 0;
    for (int n = 0; n < images; n++) {
        const float *m = partial(s, p, MOMENTS, n, c / vl) + c % vl;
        sum += m[MOMENT_PIVOT * vl] * each + (double)m[MOMENT_SUM * vl];
    }
    *mean = sum / (each * images);
    for (int n = 0; n < images; n++) {
        const float *m = partial(s, p, MOMENTS, n, c / vl) + c % vl;
        about = (double)m[MOMENT_PIVOT * vl] - *mean;
        square += (double)m[MOMENT_SQUARE * vl] + 2 * about * (double)m[MOMENT_SUM * vl] + about * about * each;
    }
    *variance = square / (each * images);
    if (*variance < 0) *variance = 0;
}
static void finish_statistics(struct trainer_session *s, struct part *p, long first, long last)
{
    const float *gamma = parameter_at(s, p->weight), *beta = parameter_at(s, p->bias);
    for (long c = first; c < last; c++) {
        bool is_there = c < p->out->channels;
        double mean = 0, variance = 0, deviation = 0;
        if (is_there) {
            join_moments(s, p, (int)c, &mean, &variance);
            deviation = 1 / sqrt(variance + (double)p->epsilon);
        }
        double scale = is_there ? (double)gamma[c] * deviation : 0;
        row_of(s, p, ROW_MEAN)[c] = (float)mean;
        row_of(s, p, ROW_VARIANCE)[c] = (float)variance;
        row_of(s, p, ROW_DEVIATION)[c] = (float)deviation;
        row_of(s, p, ROW_SCALE)[c] = (float)scale;
        row_of(s, p, ROW_SHIFT)[c] = is_there ? (float)((double)beta[c] - scale * mean) : 0;
    }
}
static struct norm_plane plane_of(const struct trainer_session *s, const struct part *p, int image, int block)
{
    int at = block * s->plan->vl;
    return (struct norm_plane){.scale = row_of(s, p, ROW_SCALE) + at,
                               .shift = row_of(s, p, ROW_SHIFT) + at,
                               .by = image_factor(s, p, image),
                               .act = p->act};
}
static void apply_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *x = p->in[0], *rest = p->rest >= 0 ? p->in[p->rest] : NULL, *y = p->out;
    struct norm_plane n = plane_of(s, p, image, block);
    n.is_streamed = value_is_large(s, y);
    (void)thread;
    s->plan->kernels->norm(&n, value_now(s, x) + value_plane(s, x, image, block),
                           rest ? value_now(s, rest) + value_plane(s, rest, image, block) : NULL, value_pixels(x),
                           value_now(s, y) + value_plane(s, y, image, block));
}
static void norm_again(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, apply_plane); }
static void norm_forward(struct trainer_session *s, struct part *p)
{
    if (!p->has_moments) each_plane(s, p, p->out->blocks, norm_moments);
    each_range(s, p, (long)p->out->blocks * s->plan->vl, s->plan->vl, finish_statistics);
    norm_again(s, p);
}

static void sums_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *x = p->in[0], *y = p->out;
    struct norm_plane n = plane_of(s, p, image, block);
    size_t at = value_plane(s, y, image, block);
    float *dy = value_gradient(s, y) + at;
    bool has_rest = p->rest >= 0, is_bent = p->act.kind != ACT_NONE;
    (void)thread;
    s->plan->kernels->norm_sums(&n, row_of(s, p, ROW_MEAN) + block * s->plan->vl,
                                value_now(s, x) + value_plane(s, x, image, block),
                                has_rest && is_bent ? value_now(s, y) + at : NULL, dy, value_pixels(y),
                                has_rest && is_bent ? dy : NULL, partial(s, p, 2, image, block));
}
/* With m the mean over the batch: dx = scale (g - m(g) - x^ m(g x^)), x^ = (x - mean) / deviation. */
static void finish_gradients(struct trainer_session *s, struct part *p, long first, long last)
{
    int vl = s->plan->vl;
    double pixels = pixels_of(s, p);
    for (long c = first; c < last; c++) {
        double sum = 0, product = 0;
        for (int n = 0; n < s->plan->batch; n++) {
            const float *m = partial(s, p, 2, n, (int)c / vl) + c % vl;
            sum += (double)m[0];
            product += (double)m[vl];
        }
        double deviation = (double)row_of(s, p, ROW_DEVIATION)[c], scale = (double)row_of(s, p, ROW_SCALE)[c];
        double b = -scale * deviation * deviation * product / pixels;
        row_of(s, p, ROW_A)[c] = (float)scale;
        row_of(s, p, ROW_B)[c] = (float)b;
        row_of(s, p, ROW_C)[c] = (float)(-scale * sum / pixels - b * (double)row_of(s, p, ROW_MEAN)[c]);
        if (c >= p->out->channels) continue;
        parameter_gradient(s, p->weight)[c] = (float)(product * deviation);
        parameter_gradient(s, p->bias)[c] = (float)sum;
    }
}
static void norm_weight(struct trainer_session *s, struct part *p)
{
    each_plane(s, p, p->out->blocks, sums_plane);
    each_range(s, p, (long)p->out->blocks * s->plan->vl, s->plan->vl, finish_gradients);
}
static void back_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *x = p->in[0], *y = p->out;
    struct norm_plane n = plane_of(s, p, image, block);
    int at = block * s->plan->vl;
    struct norm_slopes slopes = {row_of(s, p, ROW_A) + at, row_of(s, p, ROW_B) + at, row_of(s, p, ROW_C) + at};
    (void)thread;
    if (p->rest >= 0) n.act = (struct activation){0};
    const float *dy = value_gradient(s, y) + value_plane(s, y, image, block);
    float *dx =
        (p->temporary >= 0 ? buffer_now(s, p->temporary) : value_gradient(s, x)) + value_plane(s, x, image, block);
    const struct train_kernels *k = s->plan->kernels;
    k->norm_back(&n, &slopes, value_now(s, x) + value_plane(s, x, image, block), dy, value_pixels(x), dx);
    if (p->rest < 0 || p->flow[p->rest] != FLOW_ADD) return;
    const struct value *rest = p->in[p->rest];
    k->accumulate(dy, value_pixels(x) * s->plan->vl, value_gradient(s, rest) + value_plane(s, rest, image, block));
}
static void norm_data(struct trainer_session *s, struct part *p)
{
    each_plane(s, p, p->out->blocks, back_plane);
    join_temporary(s, p);
}

static int norm_reads(const struct part *p, enum train_pass pass)
{
    return pass == PASS_WEIGHT && p->rest >= 0 && p->act.kind != ACT_NONE ? 1 | READS_OUTPUT : 1;
}
void norm_update(struct trainer_session *s, const struct part *p)
{
    float *mean = parameter_at(s, p->mean), *variance = parameter_at(s, p->variance);
    double n = pixels_of(s, p), unbiased = n > 1 ? n / (n - 1) : 1;
    for (int c = 0; c < p->out->channels; c++) {
        double new_variance = (double)row_of(s, p, ROW_VARIANCE)[c] * unbiased;
        mean[c] = p->keep * mean[c] + (1 - p->keep) * row_of(s, p, ROW_MEAN)[c];
        variance[c] = (float)((double)(p->keep * variance[c]) + (double)(1 - p->keep) * new_variance);
    }
}

const struct part_type part_norm = {.is_cheap = true,
                                    .is_in_place = true,
                                    .forward = norm_forward,
                                    .again = norm_again,
                                    .data = norm_data,
                                    .weight = norm_weight,
                                    .reads = norm_reads};
