/* MaxRoiPool: the greatest elements of the cells of regions. */
#include "engine/general/kernels/regions.h"

#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>

gable_status regions_read(struct call *c, int per_roi, struct regions *r)
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

gable_status regions_make(struct call *c, struct regions *r)
{
    if (r->out_height < 1 || r->out_width < 1)
        return call_refuse(c, "%" PRId64 " by %" PRId64 " cells", r->out_height, r->out_width);
    gable_status s =
        call_make(c, 0, r->x->dtype, 4, (const int64_t[]){r->rois->dim[0], r->channels, r->out_height, r->out_width});
    r->y = c->out[0];
    return s;
}

static void put(struct value *y, int64_t i, double v)
{
    if (y->dtype == DTYPE_F32)
        ((float *)y->data)[i] = (float)v;
    else
        ((double *)y->data)[i] = v;
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
    if (!s) s = regions_read(c, 5, &r);
    r.out_height = node_int_at(c->node, "pooled_shape", 0, 0);
    r.out_width = node_int_at(c->node, "pooled_shape", 1, 0);
    if (!s) s = regions_make(c, &r);
    for (int64_t i = 0; i < (s ? 0 : r.rois->dim[0]); i++) {
        double picture = value_real(r.rois, 5 * i);
        if (!(picture >= 0 && picture < (double)r.x->dim[0] && picture == floor(picture)))
            return call_refuse(c, "region %" PRId64 " lies in picture %g of %" PRId64, i, picture, r.x->dim[0]);
    }
    if (!s) call_parallel(c, r.rois->dim[0] * r.channels, 1, pool_planes, &r);
    return s;
}

const struct kernel kernels_regions[] = {
    {.op = "MaxRoiPool", .domain = "", .run = run_roi_pool, .in_f32 = true},
    {0},
};
