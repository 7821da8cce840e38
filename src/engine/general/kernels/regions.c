/* RoiAlign: means or greatest values of points interpolated in regions of pictures. MaxRoiPool: the greatest elements
   of the cells of such regions. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct regions {
    const struct value *x, *rois;
    const int64_t *picture; /* of each region */
    void *y;
    int64_t channels, height, width, out_height, out_width;
    double scale, shift;
    int64_t samples; /* per cell and axis; 0: as many as the cell has rows or columns */
    bool is_max, is_least_one;
};
enum { SAMPLES_MAX = 1 << 12 };

struct span { /* a region along one axis */
    double start, cell;
    int64_t samples;
};
static struct span span_of(const struct regions *r, double from, double to, int64_t cells)
{
    struct span s = {.start = from * r->scale - r->shift};
    double length = to * r->scale - r->shift - s.start;
    if (r->is_least_one && !(length > 1)) length = 1;
    s.cell = length / (double)cells;
    double wanted = r->samples > 0 ? (double)r->samples : ceil(s.cell);
    s.samples = wanted >= 1 && wanted <= SAMPLES_MAX ? (int64_t)wanted : wanted > SAMPLES_MAX ? SAMPLES_MAX + 1 : 0;
    return s;
}
static double sample_at(const struct span *s, int64_t cell, int64_t i)
{
    return s->start + ((double)cell + ((double)i + 0.5) / (double)s->samples) * s->cell;
}

struct corner { /* of the two elements around a point, with their weights */
    int64_t low, high;
    double of_low, of_high;
};
/* False beyond one element outside: nothing is there. */
static bool corner_of(double at, int64_t size, struct corner *c)
{
    if (!(at >= -1 && at <= (double)size)) return false;
    at = at > 0 ? at : 0;
    c->low = (int64_t)at < size - 1 ? (int64_t)at : size - 1;
    c->high = c->low < size - 1 ? c->low + 1 : c->low;
    c->of_high = c->high > c->low ? at - (double)c->low : 0;
    c->of_low = 1 - c->of_high;
    return true;
}

/* The greatest of the four weighted elements: what ONNX's reference and its test cases mean by max. */
static double greatest_of(const double *p) { return fmax(fmax(p[0], p[1]), fmax(p[2], p[3])); }

static double cell_value(const struct regions *r, int64_t plane, const struct span *v, const struct span *h,
                         int64_t row, int64_t column)
{
    double sum = 0, most = 0;
    bool is_first = true;
    int64_t base = plane * r->height * r->width;
    for (int64_t i = 0; i < v->samples; i++)
        for (int64_t k = 0; k < h->samples; k++) {
            struct corner y, x;
            double p[4] = {0};
            if (corner_of(sample_at(v, row, i), r->height, &y) && corner_of(sample_at(h, column, k), r->width, &x)) {
                p[0] = y.of_low * x.of_low * value_real(r->x, base + y.low * r->width + x.low);
                p[1] = y.of_low * x.of_high * value_real(r->x, base + y.low * r->width + x.high);
                p[2] = y.of_high * x.of_low * value_real(r->x, base + y.high * r->width + x.low);
                p[3] = y.of_high * x.of_high * value_real(r->x, base + y.high * r->width + x.high);
            }
            sum += p[0] + p[1] + p[2] + p[3];
            if (r->is_max) most = is_first ? greatest_of(p) : fmax(most, greatest_of(p));
            is_first = false;
        }
    double points = (double)(v->samples * h->samples);
    return r->is_max ? most : sum / (points > 1 ? points : 1);
}

static void put(struct value *y, int64_t i, double v)
{
    if (y->dtype == DTYPE_F32)
        ((float *)y->data)[i] = (float)v;
    else
        ((double *)y->data)[i] = v;
}

static struct span rows_of(const struct regions *r, int64_t roi)
{
    return span_of(r, value_real(r->rois, 4 * roi + 1), value_real(r->rois, 4 * roi + 3), r->out_height);
}
static struct span columns_of(const struct regions *r, int64_t roi)
{
    return span_of(r, value_real(r->rois, 4 * roi), value_real(r->rois, 4 * roi + 2), r->out_width);
}

static void align_planes(void *arg, int64_t first, int64_t end)
{
    const struct regions *r = arg;
    for (int64_t i = first; i < end; i++) { /* a channel of a region */
        int64_t roi = i / r->channels, at = i * r->out_height * r->out_width;
        struct span v = rows_of(r, roi), h = columns_of(r, roi);
        for (int64_t row = 0; row < r->out_height; row++)
            for (int64_t column = 0; column < r->out_width; column++)
                put(r->y, at++, cell_value(r, r->picture[roi] * r->channels + i % r->channels, &v, &h, row, column));
    }
}

static gable_status read_pictures(struct call *c, struct regions *r, int per_roi)
{
    const struct value *x = c->in[0], *rois = c->in[1];
    r->x = x, r->rois = rois;
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64) return loops_refuse_dtype(c, x->dtype);
    if (rois->dtype != x->dtype) return call_refuse(c, "regions of type %s", dtype_name(rois->dtype));
    if (x->rank != 4 || rois->rank != 2 || rois->dim[1] != per_roi)
        return call_refuse(c, "needs pictures of 4 dimensions and regions of %d numbers", per_roi);
    if (x->n == 0) return call_refuse(c, "pictures without elements have no regions");
    r->channels = x->dim[1], r->height = x->dim[2], r->width = x->dim[3];
    r->scale = node_float(c->node, "spatial_scale", 1);
    return GABLE_OK;
}

static gable_status make_cells(struct call *c, struct regions *r)
{
    if (r->out_height < 1 || r->out_width < 1)
        return call_refuse(c, "%" PRId64 " by %" PRId64 " cells", r->out_height, r->out_width);
    gable_status s =
        call_make(c, 0, r->x->dtype, 4, (const int64_t[]){r->rois->dim[0], r->channels, r->out_height, r->out_width});
    r->y = c->out[0];
    return s;
}

static gable_status read_modes(struct call *c, struct regions *r)
{
    const char *mode = operand_text(c, "mode", "avg");
    const char *places =
        operand_text(c, "coordinate_transformation_mode", c->opset < 16 ? "output_half_pixel" : "half_pixel");
    r->is_max = !strcmp(mode, "max");
    bool is_half = !strcmp(places, "half_pixel");
    if (!r->is_max && strcmp(mode, "avg") != 0) return call_refuse(c, "knows no mode %.40s", mode);
    if (!is_half && strcmp(places, "output_half_pixel") != 0)
        return call_refuse(c, "knows no coordinate_transformation_mode %.40s", places);
    r->shift = is_half ? 0.5 : 0;
    r->is_least_one = !is_half;
    r->samples = node_int(c->node, "sampling_ratio", 0);
    if (r->samples < 0) return call_refuse(c, "a sampling_ratio of %" PRId64, r->samples);
    r->out_height = node_int(c->node, "output_height", 1);
    r->out_width = node_int(c->node, "output_width", 1);
    return GABLE_OK;
}

static gable_status run_align(struct call *c)
{
    struct regions r = {.x = NULL};
    gable_status s = operand_tensors(c, 3);
    if (!s) s = read_pictures(c, &r, 4);
    if (!s) s = read_modes(c, &r);
    if (!s) s = operand_indices(c, 2, c->in[0]->dim[0], &r.picture);
    if (!s && c->in[2]->n != r.rois->dim[0])
        s = call_refuse(c, "%" PRId64 " pictures for %" PRId64 " regions", c->in[2]->n, r.rois->dim[0]);
    if (!s) s = make_cells(c, &r);
    for (int64_t i = 0; i < (s ? 0 : r.rois->dim[0]); i++)
        if (rows_of(&r, i).samples > SAMPLES_MAX || columns_of(&r, i).samples > SAMPLES_MAX)
            return call_refuse(c, "a cell of region %" PRId64 " has more than %d samples a side", i, SAMPLES_MAX);
    if (s) return s;
    int64_t cells = r.out_height * r.out_width;
    call_parallel(c, r.rois->dim[0] * r.channels, GRAIN / (64 * cells) + 1, align_planes, &r);
    return GABLE_OK;
}

/* Cells of a region along one axis: whole elements, cut where the picture ends. */
struct cells {
    int64_t start, size;
    double cell;
};
static struct cells cells_of(double from, double to, double scale, int64_t n, int64_t size)
{
    double start = round(from * scale), end = round(to * scale), length = fmax(end - start + 1, 1);
    if (!(fabs(start) < 0x1p31)) start = 0x1p31; /* outside of any picture */
    return (struct cells){(int64_t)start, size, fmin(length, 0x1p31) / (double)n};
}
static int64_t cut(const struct cells *s, double at)
{
    double place = at + (double)s->start;
    return place < 0 ? 0 : place > (double)s->size ? s->size : (int64_t)place;
}

static double greatest_in(const struct value *x, int64_t plane, const struct cells *v, const struct cells *h,
                          int64_t row, int64_t column)
{
    int64_t top = cut(v, floor((double)row * v->cell)), bottom = cut(v, ceil((double)(row + 1) * v->cell));
    int64_t left = cut(h, floor((double)column * h->cell)), right = cut(h, ceil((double)(column + 1) * h->cell));
    if (top >= bottom || left >= right) return 0;
    double most = -INFINITY;
    for (int64_t i = top; i < bottom; i++)
        for (int64_t k = left; k < right; k++) most = fmax(most, value_real(x, (plane * v->size + i) * h->size + k));
    return most;
}

static void pool_planes(void *arg, int64_t first, int64_t end)
{
    const struct regions *r = arg;
    for (int64_t i = first; i < end; i++) {
        int64_t roi = i / r->channels, at = i * r->out_height * r->out_width, n = 5 * roi;
        struct cells v =
            cells_of(value_real(r->rois, n + 2), value_real(r->rois, n + 4), r->scale, r->out_height, r->height);
        struct cells h =
            cells_of(value_real(r->rois, n + 1), value_real(r->rois, n + 3), r->scale, r->out_width, r->width);
        int64_t plane = (int64_t)value_real(r->rois, n) * r->channels + i % r->channels;
        for (int64_t row = 0; row < r->out_height; row++)
            for (int64_t column = 0; column < r->out_width; column++)
                put(r->y, at++, greatest_in(r->x, plane, &v, &h, row, column));
    }
}

static gable_status run_roi_pool(struct call *c)
{
    struct regions r = {.x = NULL};
    gable_status s = operand_tensors(c, 2);
    if (!s) s = read_pictures(c, &r, 5);
    r.out_height = node_int_at(c->node, "pooled_shape", 0, 0);
    r.out_width = node_int_at(c->node, "pooled_shape", 1, 0);
    if (!s) s = make_cells(c, &r);
    for (int64_t i = 0; i < (s ? 0 : r.rois->dim[0]); i++) {
        double picture = value_real(r.rois, 5 * i);
        if (!(picture >= 0 && picture < (double)r.x->dim[0] && picture == floor(picture)))
            return call_refuse(c, "region %" PRId64 " lies in picture %g of %" PRId64, i, picture, r.x->dim[0]);
    }
    if (!s) call_parallel(c, r.rois->dim[0] * r.channels, 1, pool_planes, &r);
    return s;
}

const struct kernel kernels_regions[] = {
    {.op = "RoiAlign", .domain = "", .run = run_align, .in_f32 = true},
    {.op = "MaxRoiPool", .domain = "", .run = run_roi_pool, .in_f32 = true},
    {0},
};
