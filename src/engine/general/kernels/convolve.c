/* Conv and ConvTranspose: taps gathered into columns, then a matrix product; depthwise ones row by row. */
#include "engine/general/kernels/bake.h"
#include "engine/general/kernels/geometry.h"
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/whole.h"
#include "engine/general/tables.h"

#include <inttypes.h>
#include <string.h>

struct convolution {
    struct geometry at;
    enum dtype dtype;
    int64_t images, groups, in_channels, out_channels; /* channels of a group */
    int64_t in_pixels, out_pixels, taps;
    int64_t terms; /* whole numbers: products that f32 sums exactly; 0: the output has the inputs' type */
};

static gable_status read_channels(struct call *c, bool is_transposed, struct convolution *v)
{
    const struct value *x = c->in[0], *w = c->in[1];
    int64_t per_filter = w->rank > 1 ? w->dim[1] : 0;
    v->groups = node_int(c->node, "group", 1);
    if (w->rank != x->rank) return call_refuse(c, "the weight has %d dimensions, the input %d", w->rank, x->rank);
    if (x->dtype != w->dtype || (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64))
        return call_refuse(c, "convolves %s with %s; both must be f32 or f64", dtype_name(x->dtype),
                           dtype_name(w->dtype));
    if (v->groups < 1 || x->dim[1] % v->groups || w->dim[0] % v->groups ||
        (is_transposed ? w->dim[0] != x->dim[1] : x->dim[1] / v->groups != per_filter))
        return call_refuse(c,
                           "%" PRId64 " channels, group %" PRId64 " and a weight of %" PRId64 " x %" PRId64
                           " contradict each other",
                           x->dim[1], v->groups, w->dim[0], per_filter);
    v->dtype = x->dtype;
    v->images = x->dim[0];
    v->in_channels = x->dim[1] / v->groups;
    v->out_channels = is_transposed ? per_filter : w->dim[0] / v->groups;
    return GABLE_OK;
}

static gable_status read_bias(struct call *c, const struct convolution *v, const struct value **bias)
{
    *bias = call_has(c, 2) ? c->in[2] : NULL;
    if (*bias && ((*bias)->dtype != v->dtype || (*bias)->n != v->out_channels * v->groups))
        return call_refuse(c, "the bias must hold one value for each of %" PRId64 " channels",
                           v->out_channels * v->groups);
    return GABLE_OK;
}

static gable_status convolution_read(struct call *c, bool is_transposed, struct convolution *v)
{
    const struct value *x = c->in[0], *w = c->in[1], *bias;
    gable_status s = read_channels(c, is_transposed, v);
    if (!s) s = read_bias(c, v, &bias);
    if (!s) s = (is_transposed ? geometry_read_transposed : geometry_read)(c, x, w->dim + 2, &v->at);
    v->in_pixels = geometry_pixels(v->at.in);
    v->out_pixels = geometry_pixels(v->at.out);
    v->taps = geometry_pixels(v->at.kernel);
    return s;
}

/* Every channel's plane is its bias, or 0. */
static void fill_bias(struct call *c, const struct convolution *v)
{
    struct value *y = c->out[0];
    if (!call_has(c, 2)) {
        memset(y->data, 0, (size_t)y->n * value_element_bytes(y->dtype));
        return;
    }
    int64_t channels = v->out_channels * v->groups;
    for (int64_t i = 0; i < v->images * channels; i++)
        for (int64_t p = 0; p < v->out_pixels; p++) {
            if (v->dtype == DTYPE_F32)
                ((float *)y->data)[i * v->out_pixels + p] = ((const float *)c->in[2]->data)[i % channels];
            else
                ((double *)y->data)[i * v->out_pixels + p] = ((const double *)c->in[2]->data)[i % channels];
        }
}

/* Row t of the columns: the inputs that tap t meets, one for each output; 0 where it lies in the padding. With
   `spreads` the way back: what the row holds is added to the inputs. Windows count over the smaller side `out`. */
#define ROWS(name, type)                                                                              \
    static HOT void name(const struct geometry *g, int64_t tap, type *plane, type *row, bool spreads) \
    {                                                                                                 \
        int64_t kx = tap % g->kernel[2], ky = tap / g->kernel[2] % g->kernel[1],                      \
                kz = tap / g->kernel[2] / g->kernel[1];                                               \
        int64_t first[SPACE], end[SPACE], taps[SPACE] = {kz, ky, kx};                                 \
        for (int k = 0; k < SPACE; k++) geometry_span(g, k, taps[k], &first[k], &end[k]);             \
        if (!spreads) memset(row, 0, (size_t)geometry_pixels(g->out) * sizeof *row);                  \
        int64_t stride = g->stride[2], left = kx * g->dilation[2] - g->begin[2];                      \
        for (int64_t z = first[0]; z < end[0]; z++)                                                   \
            for (int64_t y = first[1]; y < end[1]; y++) {                                             \
                int64_t iz = z * g->stride[0] + kz * g->dilation[0] - g->begin[0];                    \
                int64_t iy = y * g->stride[1] + ky * g->dilation[1] - g->begin[1];                    \
                type *in = plane + (iz * g->in[1] + iy) * g->in[2] + left;                            \
                type *out = row + (z * g->out[1] + y) * g->out[2];                                    \
                if (spreads)                                                                          \
                    for (int64_t x = first[2]; x < end[2]; x++) in[x * stride] += out[x];             \
                else if (stride == 1)                                                                 \
                    memcpy(out + first[2], in + first[2], (size_t)(end[2] - first[2]) * sizeof *out); \
                else                                                                                  \
                    for (int64_t x = first[2]; x < end[2]; x++) out[x] = in[x * stride];              \
            }                                                                                         \
    }
ROWS(row_f32, float)
ROWS(row_f64, double)

struct gathering { /* channels of one image and group to columns, or back */
    const struct convolution *v;
    const struct geometry *at;
    char *planes, *columns;
    int64_t plane_pixels, row_pixels;
    bool spreads;
};
static void gather_channels(void *arg, int64_t first, int64_t end)
{
    const struct gathering *g = arg;
    for (int64_t channel = first; channel < end; channel++)
        for (int64_t tap = 0; tap < g->v->taps; tap++) {
            int64_t row = (channel * g->v->taps + tap) * g->row_pixels, plane = channel * g->plane_pixels;
            if (g->v->dtype == DTYPE_F32)
                row_f32(g->at, tap, (float *)g->planes + plane, (float *)g->columns + row, g->spreads);
            else
                row_f64(g->at, tap, (double *)g->planes + plane, (double *)g->columns + row, g->spreads);
        }
}

static bool is_pointwise(const struct convolution *v)
{
    const struct geometry *g = &v->at;
    for (int k = 0; k < SPACE; k++)
        if (g->kernel[k] != 1 || g->stride[k] != 1 || g->begin[k] || g->end[k]) return false;
    return true;
}

/* y[out channel][pixel] += w[out channel][in channel x tap] x columns[in channel x tap][pixel] */
static gable_status convolve_groups(struct call *c, const struct convolution *v)
{
    size_t bytes = value_element_bytes(v->dtype);
    int64_t k = v->in_channels * v->taps;
    bool gathers = !is_pointwise(v);
    char *columns = gathers ? call_scratch(c, (size_t)(k * v->out_pixels) * bytes) : NULL;
    float *room = v->terms ? call_scratch(c, (size_t)(v->out_channels * v->out_pixels) * sizeof *room) : NULL;
    if ((gathers && !columns) || (v->terms && !room))
        return error_set(c->e, GABLE_NO_MEMORY, "no memory for %" PRId64 " columns", k);
    for (int64_t i = 0; i < v->images * v->groups; i++) {
        char *planes = (char *)c->in[0]->data + (size_t)(i * v->in_channels * v->in_pixels) * bytes;
        const char *w = (const char *)c->in[1]->data + (size_t)(i % v->groups * v->out_channels * k) * bytes;
        char *y = (char *)c->out[0]->data + (size_t)(i * v->out_channels * v->out_pixels) * bytes;
        struct gathering g = {v, &v->at, planes, columns, v->in_pixels, v->out_pixels, false};
        struct matrix of_w = {w, k, false}, of_x = {gathers ? columns : planes, v->out_pixels, false};
        if (gathers) call_parallel(c, v->in_channels, 1 + GRAIN / (v->taps * v->out_pixels + 1), gather_channels, &g);
        if (v->terms)
            product_whole(v->out_channels, v->out_pixels, k, of_w, of_x, v->terms, (int32_t *)y, v->out_pixels, room);
        else
            product_run(v->dtype, v->out_channels, v->out_pixels, k, of_w, of_x, true, y, v->out_pixels);
    }
    return GABLE_OK;
}

struct depthwise {
    const struct convolution *v;
    const float *x, *w;
    float *y;
};
static HOT void depthwise_plane(const struct geometry *g, const float *x, const float *w, float *y)
{
    for (int64_t tap = 0; tap < geometry_pixels(g->kernel); tap++) {
        int64_t taps[SPACE] = {tap / g->kernel[2] / g->kernel[1], tap / g->kernel[2] % g->kernel[1],
                               tap % g->kernel[2]};
        int64_t first[SPACE], end[SPACE], at[SPACE];
        for (int k = 0; k < SPACE; k++) {
            geometry_span(g, k, taps[k], &first[k], &end[k]);
            at[k] = taps[k] * g->dilation[k] - g->begin[k];
        }
        for (int64_t z = first[0]; z < end[0]; z++)
            for (int64_t r = first[1]; r < end[1]; r++) {
                const float *in =
                    x + ((z * g->stride[0] + at[0]) * g->in[1] + r * g->stride[1] + at[1]) * g->in[2] + at[2];
                float *out = y + (z * g->out[1] + r) * g->out[2];
                float factor = w[tap];
                if (g->stride[2] == 1)
                    EACH (i, end[2] - first[2]) out[first[2] + i] += factor * in[first[2] + i];
                else
                    for (int64_t i = first[2]; i < end[2]; i++) out[i] += factor * in[i * g->stride[2]];
            }
    }
}
static void depthwise_planes(void *arg, int64_t first, int64_t end)
{
    const struct depthwise *d = arg;
    const struct convolution *v = d->v;
    int64_t channels = v->groups * v->out_channels; /* filters; in_channels is 1 */
    for (int64_t i = first; i < end; i++) {
        int64_t image = i / channels, filter = i % channels, channel = filter / v->out_channels;
        depthwise_plane(&v->at, d->x + (image * v->groups + channel) * v->in_pixels, d->w + filter * v->taps,
                        d->y + i * v->out_pixels);
    }
}

/* As oneDNN is asked for it. */
static struct baked *bake(struct call *c, const struct convolution *v)
{
    const struct geometry *g = &v->at;
    struct baked_convolution s;
    memset(&s, 0, sizeof s);
    s.planes = c->in[0]->rank - 2;
    s.images = v->images;
    s.groups = v->groups;
    s.in = v->in_channels * v->groups;
    s.out = v->out_channels * v->groups;
    s.has_bias = call_has(c, 2);
    for (int i = 0, k = SPACE - s.planes; k < SPACE; i++, k++) {
        s.x[i] = g->in[k];
        s.y[i] = g->out[k];
        s.kernel[i] = g->kernel[k];
        s.stride[i] = g->stride[k];
        s.dilation[i] = g->dilation[k];
        s.begin[i] = g->begin[k];
        s.end[i] = g->end[k];
    }
    return bake_convolution(c, &s);
}

static gable_status convolve(struct call *c, int64_t terms)
{
    struct convolution v = {0};
    gable_status s = convolution_read(c, false, &v);
    v.terms = terms < v.in_channels * v.taps ? terms : 0;
    if (!s) s = geometry_output(c, 0, c->in[0], v.terms ? DTYPE_S32 : v.dtype, v.out_channels * v.groups, v.at.out);
    if (s || c->out[0]->n == 0) return s;
    fill_bias(c, &v);
    if (v.dtype != DTYPE_F32 || v.in_channels != 1 || v.groups == 1) return convolve_groups(c, &v);
    struct depthwise d = {&v, c->in[0]->data, c->in[1]->data, c->out[0]->data};
    call_parallel(c, v.images * v.groups * v.out_channels, 1 + GRAIN / (v.out_pixels * v.taps), depthwise_planes, &d);
    return GABLE_OK;
}

static gable_status run_conv(struct call *c)
{
    struct convolution v = {0};
    gable_status s = convolution_read(c, false, &v);
    bool is_worth = !s && v.dtype == DTYPE_F32 && !is_pointwise(&v) && v.images * v.out_pixels * v.out_channels > 0;
    struct baked *b = is_worth ? bake(c, &v) : NULL;
    if (s || !b) return s ? s : convolve(c, 0);
    s = geometry_output(c, 0, c->in[0], v.dtype, v.out_channels * v.groups, v.at.out);
    return s ? s : bake_run(c, b, c->in[0]->data, call_has(c, 2) ? c->in[2]->data : NULL, c->out[0]->data);
}

/* Where f32 holds every sum exactly, it is the usual convolution. */
gable_status convolve_whole(struct call *c, const struct value *x, const struct value *w, int64_t terms,
                            struct value *y)
{
    struct call inner = *c;
    const struct value *const in[] = {x, w};
    struct value made = {.kind = VALUE_ABSENT}, *const out[] = {&made};
    inner.in = in, inner.out = out;
    inner.n_in = 2, inner.n_out = 1;
    gable_status s = convolve(&inner, terms);
    if (s || made.dtype == DTYPE_S32) {
        value_release(y);
        *y = made;
        return s;
    }
    inner.out = (struct value *const[]){y};
    s = call_make(&inner, 0, DTYPE_S32, made.rank, made.dim);
    if (!s) call_convert(c, &made, y);
    value_release(&made);
    return s;
}

/* columns[out channel x tap][input pixel] = w[in channel][out channel x tap] x x[in channel][pixel], spread over y. */
static gable_status run_conv_transpose(struct call *c)
{
    struct convolution v = {0};
    gable_status s = convolution_read(c, true, &v);
    if (!s) s = geometry_output(c, 0, c->in[0], v.dtype, v.out_channels * v.groups, v.at.out);
    if (s || c->out[0]->n == 0) return s;
    size_t bytes = value_element_bytes(v.dtype);
    int64_t rows = v.out_channels * v.taps;
    char *columns = call_scratch(c, (size_t)(rows * v.in_pixels) * bytes);
    if (!columns) return error_set(c->e, GABLE_NO_MEMORY, "no memory for %" PRId64 " columns", rows);
    fill_bias(c, &v);
    struct geometry back = v.at; /* seen from y: its pixels are what windows read */
    memcpy(back.in, v.at.out, sizeof back.in);
    memcpy(back.out, v.at.in, sizeof back.out);
    for (int64_t i = 0; i < v.images * v.groups; i++) {
        const char *x = (const char *)c->in[0]->data + (size_t)(i * v.in_channels * v.in_pixels) * bytes;
        const char *w = (const char *)c->in[1]->data + (size_t)(i % v.groups * v.in_channels * rows) * bytes;
        char *y = (char *)c->out[0]->data + (size_t)(i * v.out_channels * v.out_pixels) * bytes;
        product_run(v.dtype, rows, v.in_pixels, v.in_channels, (struct matrix){w, rows, true},
                    (struct matrix){x, v.in_pixels, false}, false, columns, v.in_pixels);
        struct gathering g = {&v, &back, y, columns, v.out_pixels, v.in_pixels, true};
        call_parallel(c, v.out_channels, 1 + GRAIN / (v.taps * v.in_pixels + 1), gather_channels, &g);
    }
    return GABLE_OK;
}

const struct kernel kernels_convolve[] = {
    {.op = "Conv", .domain = "", .run = run_conv, .free_state = bake_free, .in_f32 = true},
    {.op = "ConvTranspose", .domain = "", .run = run_conv_transpose, .in_f32 = true},
    {0},
};
