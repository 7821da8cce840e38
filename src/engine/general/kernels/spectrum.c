/* DFT along an axis, STFT of overlapping frames. Complex numbers are pairs: the last axis, of 1 or 2. */
#include "engine/general/kernels/fourier.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>

struct spectrum {
    struct fourier fourier;
    const struct value *x;
    struct value *y;
    const double *window; /* a factor a point, NULL for none */
    int64_t lines, parts; /* a part of the lines has memory of its own */
    int64_t points, bins; /* read, the rest is 0; written */
    int64_t parts_of_x;   /* 1: real, 2: complex */
    /* line i = (i / inner, i % inner): starts at i / inner * outer_step + i % inner * inner_step of x, its points
       point_step apart; all counted in numbers, real or complex. y's likewise. */
    int64_t inner, x_outer, x_inner, x_point, y_outer, y_inner, y_point;
    bool is_inverse;
    struct complex *memory;
};

static double number(const struct value *v, int64_t i)
{
    return v->dtype == DTYPE_F32 ? (double)((const float *)v->data)[i] : ((const double *)v->data)[i];
}

static void read_line(const struct spectrum *s, int64_t line, struct complex *p)
{
    int64_t at = line / s->inner * s->x_outer + line % s->inner * s->x_inner;
    for (int64_t i = 0; i < s->fourier.n; i++, at += s->x_point) {
        p[i] = (struct complex){0, 0};
        if (i >= s->points) continue;
        double factor = s->window ? s->window[i] : 1;
        p[i].re = factor * number(s->x, at * s->parts_of_x);
        if (s->parts_of_x == 2) p[i].im = factor * number(s->x, at * 2 + 1);
        if (s->is_inverse) p[i].im = -p[i].im; /* conjugated, there, conjugated: the way back */
    }
}

static void write_line(const struct spectrum *s, int64_t line, const struct complex *p)
{
    int64_t at = line / s->inner * s->y_outer + line % s->inner * s->y_inner;
    double scale = s->is_inverse ? 1 / (double)s->fourier.n : 1, sign = s->is_inverse ? -scale : scale;
    for (int64_t i = 0; i < s->bins; i++, at += s->y_point) {
        double re = p[i].re * scale, im = p[i].im * sign;
        if (s->y->dtype == DTYPE_F32) {
            float *y = (float *)s->y->data + 2 * at;
            y[0] = (float)re, y[1] = (float)im;
        } else {
            double *y = (double *)s->y->data + 2 * at;
            y[0] = re, y[1] = im;
        }
    }
}

static void transform_part(void *arg, int64_t first, int64_t end)
{
    const struct spectrum *s = arg;
    for (int64_t part = first; part < end; part++) {
        struct complex *p = s->memory + part * s->fourier.power;
        for (int64_t i = part * s->lines / s->parts; i < (part + 1) * s->lines / s->parts; i++) {
            read_line(s, i, p);
            fourier_run(&s->fourier, p);
            write_line(s, i, p);
        }
    }
}

static gable_status transform_all(struct call *c, struct spectrum *s)
{
    s->y = c->out[0];
    s->parts = s->lines * s->fourier.power < GRAIN ? 1 : call_threads(c);
    s->memory = call_scratch(c, (size_t)(s->parts * s->fourier.power) * sizeof *s->memory);
    if (!s->memory) return operand_no_memory(c);
    if (s->y->n > 0) call_parallel(c, s->parts, 1, transform_part, s);
    return GABLE_OK;
}

/* x is real or complex numbers; bins of a transform of n points, half of them where the rest mirrors them. */
static gable_status read_signal(struct call *c, struct spectrum *s, int rank_least)
{
    const struct value *x = c->in[0];
    s->x = x;
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64) return loops_refuse_dtype(c, x->dtype);
    if (x->rank < rank_least || x->dim[x->rank - 1] < 1 || x->dim[x->rank - 1] > 2)
        return call_refuse(c, "needs %d dimensions or more, the last of 1 or 2", rank_least);
    s->parts_of_x = x->dim[x->rank - 1];
    return GABLE_OK;
}

static gable_status plan_bins(struct call *c, struct spectrum *s, int64_t n, bool is_half)
{
    if (is_half && (s->parts_of_x == 2 || s->is_inverse))
        return call_refuse(c, "one side of a transform is enough only for real numbers, there and not back");
    s->bins = is_half ? n / 2 + 1 : n;
    return fourier_plan(c, n, &s->fourier);
}

/* The axis is an attribute up to opset 19, input 2 later; never the last, which holds the parts of a number. */
static gable_status signal_axis(struct call *c, const struct value *x, int *axis)
{
    int64_t listed = c->opset < 20 ? node_int(c->node, "axis", 1) : -2;
    gable_status s = c->opset >= 20 && call_has(c, 2) ? operand_int(c, 2, &listed) : GABLE_OK;
    if (!s && (!call_axis(listed, x->rank, axis) || *axis == x->rank - 1))
        s = call_refuse(c, "axis %" PRId64 " is outside a signal of %d dimensions", listed, x->rank - 1);
    return s;
}

static gable_status run_dft(struct call *c)
{
    struct spectrum sp = {.is_inverse = node_int(c->node, "inverse", 0) != 0};
    int64_t dim[SHAPE_RANK_MAX], n = 0;
    int axis = 0;
    gable_status s = operand_tensors(c, 1);
    if (!s) s = read_signal(c, &sp, 2);
    const struct value *x = c->in[0];
    if (!s) s = signal_axis(c, x, &axis);
    if (!s) n = x->dim[axis];
    if (!s && call_has(c, 1)) s = operand_int(c, 1, &n);
    if (!s) s = plan_bins(c, &sp, n, node_int(c->node, "onesided", 0) != 0);
    if (s) return s;
    for (int i = 0; i < x->rank; i++) dim[i] = i == axis ? sp.bins : i == x->rank - 1 ? 2 : x->dim[i];
    s = call_make(c, 0, x->dtype, x->rank, dim);
    if (s || c->out[0]->n == 0) return s;
    int64_t inner = value_count(c->out[0], axis + 1, x->rank - 1);
    sp.points = x->dim[axis] < n ? x->dim[axis] : n;
    sp.lines = value_count(c->out[0], 0, axis) * inner;
    sp.inner = inner;
    sp.x_outer = x->dim[axis] * inner, sp.y_outer = sp.bins * inner;
    sp.x_inner = sp.y_inner = 1;
    sp.x_point = sp.y_point = inner;
    return transform_all(c, &sp);
}

/* The length of a frame: as given, or the window's; both must agree. */
static gable_status read_frames(struct call *c, struct spectrum *s, int64_t *step, int64_t *length)
{
    const struct value *window = call_has(c, 2) ? c->in[2] : NULL;
    gable_status status = operand_int(c, 1, step);
    *length = window ? window->n : -1;
    if (!status && call_has(c, 3)) status = operand_int(c, 3, length);
    if (status) return status;
    if (*length < 1) return call_refuse(c, "needs a window or the length of a frame");
    if (*step < 1) return call_refuse(c, "frames %" PRId64 " apart", *step);
    if (window && window->n != *length)
        return call_refuse(c, "a window of %" PRId64 " for frames of %" PRId64, window->n, *length);
    if (*length > c->in[0]->dim[1])
        return call_refuse(c, "frames of %" PRId64 " in a signal of %" PRId64, *length, c->in[0]->dim[1]);
    double *factor = window ? call_scratch(c, (size_t)window->n * sizeof *factor) : NULL;
    if (window && !factor) return operand_no_memory(c);
    for (int64_t i = 0; window && i < window->n; i++) factor[i] = value_real(window, i);
    s->window = factor;
    return GABLE_OK;
}

static gable_status run_stft(struct call *c)
{
    struct spectrum sp = {.is_inverse = false};
    int64_t step = 0, length = 0;
    gable_status s = operand_tensors(c, 2);
    if (!s) s = read_signal(c, &sp, 2);
    const struct value *x = c->in[0];
    if (!s && x->rank != 3) s = call_refuse(c, "needs signals of batch x length x 1 or 2");
    if (!s) s = read_frames(c, &sp, &step, &length);
    if (!s) s = plan_bins(c, &sp, length, node_int(c->node, "onesided", 1) != 0);
    if (s) return s;
    int64_t frames = (x->dim[1] - length) / step + 1;
    s = call_make(c, 0, x->dtype, 4, (const int64_t[]){x->dim[0], frames, sp.bins, 2});
    if (s) return s;
    sp.points = length;
    sp.lines = x->dim[0] * frames;
    sp.inner = frames;
    sp.x_outer = x->dim[1], sp.x_inner = step, sp.x_point = 1;
    sp.y_outer = frames * sp.bins, sp.y_inner = sp.bins, sp.y_point = 1;
    return transform_all(c, &sp);
}

const struct kernel kernels_spectrum[] = {
    {.op = "DFT", .domain = "", .run = run_dft, .in_f32 = true},
    {.op = "STFT", .domain = "", .run = run_stft, .in_f32 = true},
    {0},
};
