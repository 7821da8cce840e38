/* Resize and Upsample: axis after axis, the axes that shrink first. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/taps.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct resize {
    struct resampler how;
    struct taps axis[SHAPE_RANK_MAX];
    int n_axes, axes[SHAPE_RANK_MAX]; /* that scales, sizes and the region speak of */
};

/* One axis: rows of `inner` elements, or whole lines where inner is 1. */
struct pass {
    const struct taps *t;
    enum dtype dtype;
    size_t bytes;
    int64_t inner;
    const char *x;
    char *y;
};
#define WEIGHTED(name, T)                                                                                   \
    HOT static void row_##name(const struct taps *t, int64_t place, const T *x, int64_t inner, T *y)        \
    {                                                                                                       \
        for (int k = 0; k < t->n; k++) {                                                                    \
            const T w = (T)t->weight[k * t->out + place], *from = x + t->index[k * t->out + place] * inner; \
            if (k == 0)                                                                                     \
                EACH (i, inner) y[i] = w * from[i];                                                         \
            else if (w != 0)                                                                                \
                EACH (i, inner) y[i] += w * from[i];                                                        \
        }                                                                                                   \
    }                                                                                                       \
    HOT static void line_##name(const struct taps *t, const T *x, T *y)                                     \
    {                                                                                                       \
        for (int k = 0; k < t->n; k++) {                                                                    \
            const double *w = t->weight + k * t->out;                                                       \
            const int32_t *index = t->index + k * t->out;                                                   \
            if (k == 0)                                                                                     \
                EACH (i, t->out) y[i] = (T)w[i] * x[index[i]];                                              \
            else                                                                                            \
                EACH (i, t->out) y[i] += (T)w[i] * x[index[i]];                                             \
        }                                                                                                   \
    }
WEIGHTED(F32, float)
WEIGHTED(F64, double)
#define COPIED(type)                                                          \
    HOT static void copy_##type(const struct taps *t, const type *x, type *y) \
    {                                                                         \
        EACH (i, t->out) y[i] = x[t->index[i]];                               \
    }
COPIED(uint8_t)
COPIED(uint16_t)
COPIED(uint32_t)
COPIED(uint64_t)

static void copy_line(const struct pass *p, const char *x, char *y)
{
    if (p->bytes == 1)
        copy_uint8_t(p->t, (const uint8_t *)x, (uint8_t *)y);
    else if (p->bytes == 2)
        copy_uint16_t(p->t, (const uint16_t *)x, (uint16_t *)y);
    else if (p->bytes == 4)
        copy_uint32_t(p->t, (const uint32_t *)x, (uint32_t *)y);
    else
        copy_uint64_t(p->t, (const uint64_t *)x, (uint64_t *)y);
}

static void run_lines(void *arg, int64_t first, int64_t end) /* inner is 1 */
{
    const struct pass *p = arg;
    for (int64_t o = first; o < end; o++) {
        const char *x = p->x + (size_t)(o * p->t->in) * p->bytes;
        char *y = p->y + (size_t)(o * p->t->out) * p->bytes;
        if (!p->t->weight)
            copy_line(p, x, y);
        else if (p->dtype == DTYPE_F32)
            line_F32(p->t, (const float *)x, (float *)y);
        else
            line_F64(p->t, (const double *)x, (double *)y);
    }
}

static void run_rows(void *arg, int64_t first, int64_t end)
{
    const struct pass *p = arg;
    size_t row = (size_t)p->inner * p->bytes;
    for (int64_t r = first; r < end; r++) {
        int64_t place = r % p->t->out;
        const char *x = p->x + (size_t)(r / p->t->out * p->t->in) * row;
        char *y = p->y + (size_t)r * row;
        if (!p->t->weight)
            memcpy(y, x + (size_t)p->t->index[place] * row, row);
        else if (p->dtype == DTYPE_F32)
            row_F32(p->t, place, (const float *)x, p->inner, (float *)y);
        else
            row_F64(p->t, place, (const double *)x, p->inner, (double *)y);
    }
}

static void resize_axis(struct call *c, const struct value *x, int axis, const struct taps *t, struct value *y)
{
    struct lines l = lines_of(y, axis);
    struct pass p = {t, y->dtype, value_element_bytes(y->dtype), l.inner, x->data, y->data};
    if (y->n == 0) return;
    if (l.inner == 1)
        call_parallel(c, l.outer, GRAIN / (t->out * t->n + 16) + 1, run_lines, &p);
    else
        call_parallel(c, l.outer * t->out, GRAIN / (l.inner * t->n + 16) + 1, run_rows, &p);
}

/* The axis that comes next: of those left the one that grows least; the innermost of equals, whose lines are slowest.
 */
static int next_axis(const struct resize *r, const bool *is_left, int rank)
{
    int best = -1;
    for (int i = rank - 1; i >= 0; i--) {
        double growth = (double)r->axis[i].out / (double)r->axis[i].in;
        if (is_left[i] && (best < 0 || growth < (double)r->axis[best].out / (double)r->axis[best].in)) best = i;
    }
    return best;
}

/* x to y, whose type both have. */
static gable_status resize_all(struct call *c, const struct resize *r, const struct value *x, struct value *y)
{
    bool is_left[SHAPE_RANK_MAX];
    struct value now = *x;
    int left = 0;
    gable_status s = GABLE_OK;
    for (int i = 0; i < x->rank; i++) left += is_left[i] = !r->axis[i].is_same;
    if (left == 0) memcpy(y->data, x->data, (size_t)x->n * value_element_bytes(x->dtype));
    for (; left > 0 && !s; left--) {
        int axis = next_axis(r, is_left, x->rank);
        struct value made = *y;
        int64_t dim[SHAPE_RANK_MAX];
        for (int i = 0; i < x->rank; i++) dim[i] = i == axis ? r->axis[i].out : now.dim[i];
        if (left > 1) s = call_temporary(c, x->dtype, x->rank, dim, &made);
        if (!s) resize_axis(c, &now, axis, &r->axis[axis], &made);
        is_left[axis] = false;
        now = made;
    }
    return s;
}

/* What tf_crop_and_resize finds outside of the input has one value. */
static void fill_outside(struct call *c, const struct resize *r, struct value *y)
{
    const double outside = node_float(c->node, "extrapolation_value", 0);
    const struct value from = {.kind = VALUE_TENSOR, .dtype = DTYPE_F64, .n = 1, .data = (void *)&outside};
    size_t bytes = value_element_bytes(y->dtype);
    if (r->how.coordinate != COORDINATE_tf_crop_and_resize) return;
    for (int64_t i = 0; i < y->n; i++) {
        bool is_outside = false;
        for (int64_t axis = y->rank - 1, at = i; axis >= 0; at /= y->dim[axis--])
            is_outside = is_outside || (r->axis[axis].is_outside && r->axis[axis].is_outside[at % y->dim[axis]]);
        struct value to = {
            .kind = VALUE_TENSOR, .dtype = y->dtype, .n = 1, .data = (char *)y->data + (size_t)i * bytes};
        if (is_outside) value_convert(&from, &to);
    }
}

/* Interpolated whole numbers stay within their type. */
static void back_to_whole(struct value *from, struct value *to)
{
    int bits = dtype_bits(to->dtype);
    bool is_signed = to->dtype == DTYPE_S8 || to->dtype == DTYPE_S16 || to->dtype == DTYPE_S32;
    double least = is_signed ? -ldexp(1, bits - 1) : 0, most = ldexp(1, is_signed ? bits - 1 : bits) - 1,
           *v = from->data;
    for (int64_t i = 0; i < from->n; i++) v[i] = v[i] < least ? least : v[i] > most ? most : v[i];
    value_convert(from, to);
}

static gable_status resize_value(struct call *c, const struct resize *r, const struct value *x)
{
    struct value *y = c->out[0], wide, made;
    bool is_real = x->dtype == DTYPE_F32 || x->dtype == DTYPE_F64, is_copy = r->how.kind == RESAMPLING_NEAREST;
    if (y->n == 0) return GABLE_OK;
    if (is_real || is_copy) {
        gable_status s = resize_all(c, r, x, y);
        if (!s) fill_outside(c, r, y);
        return s;
    }
    if (value_element_bytes(x->dtype) > 4 || x->dtype == DTYPE_BOOL) return loops_refuse_dtype(c, x->dtype);
    gable_status s = call_temporary(c, DTYPE_F64, x->rank, x->dim, &wide);
    if (!s) s = call_temporary(c, DTYPE_F64, y->rank, y->dim, &made);
    if (s) return s;
    call_convert(c, x, &wide);
    s = resize_all(c, r, &wide, &made);
    if (s) return s;
    fill_outside(c, r, &made);
    back_to_whole(&made, y);
    return GABLE_OK;
}

static int find(const char *text, int n, const char *const *names)
{
    int i = 0;
    while (i < n && strcmp(text, names[i]) != 0) i++;
    return i;
}

static gable_status read_modes(struct call *c, struct resampler *r)
{
#define NAME(name) #name,
    static const char *const kinds[] = {"nearest", "linear", "cubic"}, *const coordinates[] = {COORDINATES(NAME)};
    static const char *const roundings[] = {ROUNDINGS(NAME)};
    const char *kind = operand_text(c, "mode", "nearest");
    bool is_old = c->opset < 11 || !strcmp(c->node->op_type, "Upsample");
    const char *coordinate = is_old ? "asymmetric" : operand_text(c, "coordinate_transformation_mode", "half_pixel");
    const char *rounding = operand_text(c, "nearest_mode", "round_prefer_floor");
    if (!strcmp(kind, "bilinear")) kind = "linear"; /* Upsample of opset 1 */
    r->kind = (enum resampling)find(kind, COUNT_OF(kinds), kinds);
    r->coordinate = (enum coordinate)find(coordinate, COUNT_OF(coordinates), coordinates);
    r->rounding = (enum rounding)find(rounding, COUNT_OF(roundings), roundings);
    if (r->kind == COUNT_OF(kinds)) return call_refuse(c, "knows no mode %.40s", kind);
    if (r->coordinate == COORDINATE_N)
        return call_refuse(c, "knows no coordinate_transformation_mode %.40s", coordinate);
    if (r->rounding == COUNT_OF(roundings)) return call_refuse(c, "knows no nearest_mode %.40s", rounding);
    if (is_old) r->rounding = !strcmp(c->node->op_type, "Upsample") ? ROUNDING_floor : ROUNDING_AWAY;
    r->cubic = node_float(c->node, "cubic_coeff_a", -0.75);
    r->leaves_out = node_int(c->node, "exclude_outside", 0) != 0;
    r->widens = node_int(c->node, "antialias", 0) != 0 && r->kind != RESAMPLING_NEAREST;
    return GABLE_OK;
}

static gable_status read_axes(struct call *c, struct resize *r)
{
    const struct value *x = c->in[0];
    const struct attribute *listed = node_attribute(c->node, "axes");
    bool is_axis[SHAPE_RANK_MAX];
    int n = -1;
    gable_status s = operand_axes(c, "axes", c->n_in, x->rank, is_axis, &n);
    r->n_axes = n < 0 ? x->rank : n;
    for (int i = 0; i < r->n_axes && !s; i++) {
        r->axes[i] = i;
        if (n >= 0 && listed->type == ATTRIBUTE_INTS) call_axis(listed->ints[i], x->rank, &r->axes[i]);
    }
    for (int i = 0; i < x->rank; i++)
        r->axis[i] =
            (struct taps){.in = x->dim[i], .out = x->dim[i], .scale = 1, .length = (double)x->dim[i], .end = 1};
    return s;
}

/* Sizes as they are, or as near to them as one scale for all axes allows. */
static gable_status read_sizes(struct call *c, const struct value *sizes, struct resize *r)
{
    const char *policy = operand_text(c, "keep_aspect_ratio_policy", "stretch");
    bool stretches = !strcmp(policy, "stretch"), is_inside = !strcmp(policy, "not_larger");
    double common = is_inside ? INFINITY : 0;
    if (!stretches && !is_inside && strcmp(policy, "not_smaller") != 0)
        return call_refuse(c, "knows no keep_aspect_ratio_policy %.40s", policy);
    for (int k = 0; k < r->n_axes; k++) {
        struct taps *t = &r->axis[r->axes[k]];
        t->out = value_int(sizes, k);
        if (t->out < 0 || (t->in == 0 && t->out > 0))
            return call_refuse(c, "axis %d of %" PRId64 " places cannot have %" PRId64, r->axes[k], t->in, t->out);
        t->length = (double)t->out;
        t->scale = t->in ? t->length / (double)t->in : 1;
        common = is_inside ? fmin(common, t->scale) : fmax(common, t->scale);
    }
    for (int k = 0; k < r->n_axes && !stretches; k++) {
        struct taps *t = &r->axis[r->axes[k]];
        double out = floor(common * (double)t->in + 0.5);
        if (!(out <= (double)INT32_MAX)) return call_refuse(c, "axis %d would have %g places", r->axes[k], out);
        t->out = (int64_t)out;
        t->length = out;
        t->scale = common;
    }
    return GABLE_OK;
}

static gable_status read_scale(struct call *c, struct resize *r, int k, double scale)
{
    struct taps *t = &r->axis[r->axes[k]];
    double out = floor((double)t->in * scale);
    if (!(scale > 0 && out <= (double)INT32_MAX)) return call_refuse(c, "axis %d is scaled by %g", r->axes[k], scale);
    t->scale = scale;
    t->length = scale * (double)t->in;
    t->out = (int64_t)out;
    return GABLE_OK;
}

static const struct value *listed_input(const struct call *c, int i)
{
    return call_has(c, i) && c->in[i]->n > 0 ? c->in[i] : NULL;
}

static gable_status read_target(struct call *c, struct resize *r)
{
    bool is_old = c->opset < 11 || !strcmp(c->node->op_type, "Upsample");
    const struct attribute *attribute = is_old ? node_attribute(c->node, "scales") : NULL;
    const struct value *scales = listed_input(c, is_old ? 1 : 2), *sizes = is_old ? NULL : listed_input(c, 3);
    bool is_listed = attribute && attribute->type == ATTRIBUTE_FLOATS;
    int64_t given = is_listed ? attribute->n : scales ? scales->n : sizes ? sizes->n : -1;
    gable_status s = GABLE_OK;
    if (given < 0 && r->n_axes > 0) return call_refuse(c, "has neither scales nor sizes");
    if (scales && sizes) return call_refuse(c, "has both scales and sizes");
    if (given >= 0 && given != r->n_axes)
        return call_refuse(c, "%" PRId64 " scales or sizes for %d axes", given, r->n_axes);
    if (sizes) return read_sizes(c, sizes, r);
    for (int k = 0; k < r->n_axes && !s; k++)
        s = read_scale(c, r, k, is_listed ? attribute->floats[k] : value_real(scales, k));
    return s;
}

static gable_status read_region(struct call *c, struct resize *r)
{
    const struct value *roi = listed_input(c, 1);
    if (r->how.coordinate != COORDINATE_tf_crop_and_resize) return GABLE_OK;
    if (!roi || roi->n != 2 * r->n_axes) return call_refuse(c, "needs a region: a start and an end for each axis");
    for (int k = 0; k < r->n_axes; k++) {
        r->axis[r->axes[k]].start = value_real(roi, k);
        r->axis[r->axes[k]].end = value_real(roi, r->n_axes + k);
    }
    return GABLE_OK;
}

static gable_status run_resize(struct call *c)
{
    gable_status s = operand_tensors(c, 1);
    struct resize *r = s ? NULL : call_scratch(c, sizeof *r);
    if (s || !r) return s ? s : operand_no_memory(c);
    const struct value *x = c->in[0];
    int64_t dim[SHAPE_RANK_MAX];
    s = read_modes(c, &r->how);
    if (!s) s = read_axes(c, r);
    if (!s) s = read_target(c, r);
    if (!s) s = read_region(c, r);
    for (int i = 0; i < x->rank && !s; i++) dim[i] = r->axis[i].out;
    if (!s) s = call_make(c, 0, x->dtype, x->rank, dim);
    if (s || c->out[0]->n == 0) return s;
    for (int i = 0; i < x->rank && !s; i++) s = taps_plan(c, &r->how, &r->axis[i]);
    return s ? s : resize_value(c, r, x);
}

/* Short reals are interpolated as f32; what is copied would not need it, and loses nothing by it. */
const struct kernel kernels_resize[] = {
    {.op = "Resize", .domain = "", .run = run_resize, .in_f32 = true},
    {.op = "Upsample", .domain = "", .run = run_resize, .in_f32 = true},
    {0},
};
