/* MaxRoiPool: the greatest elements of the cells of regions. */
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/regions.h"

#include <inttypes.h>
#include <math.h>

/* Of a region, along one axis: whole elements, cut where the picture ends. */
struct span {
    int64_t start, size, n;
    double cell;
};
static struct span span_of(const struct regions *r, int64_t roi, int axis)
{
    const int64_t first = 5 * roi + 2 - axis; /* after the picture's number, x stands before y */
    double start = round(value_real(r->rois, first) * r->scale), end = round(value_real(r->rois, first + 2) * r->scale);
    double length = fmax(end - start + 1, 1);
    struct span s = {.size = axis ? r->width : r->height, .n = axis ? r->out_width : r->out_height};
    if (!(fabs(start) < 0x1p31)) start = 0x1p31; /* outside of any picture */
    s.start = (int64_t)start;
    s.cell = fmin(length, 0x1p31) / (double)s.n;
    return s;
}
static int64_t cut(const struct span *s, double at)
{
    double place = at + (double)s->start;
    return place < 0 ? 0 : place > (double)s->size ? s->size : (int64_t)place;
}

/* Every element counts whole, so a cell is a part of one list of all that an axis has. */
static struct cell cell_of(const struct span *s, int64_t i, const struct share *all)
{
    int64_t from = cut(s, floor((double)i * s->cell)), to = cut(s, ceil((double)(i + 1) * s->cell));
    return (struct cell){.share = all + from, .n = to > from ? to - from : 0, .is_beyond = to <= from};
}

static gable_status list_cells(struct call *c, const struct regions *r, struct cells *out)
{
    const int64_t n = r->rois->dim[0], each = r->out_height + r->out_width;
    const int64_t longest = r->height > r->width ? r->height : r->width;
    struct cell *cell = call_scratch(c, (size_t)count_mul(count_mul(n, each), sizeof *cell));
    struct share *all = call_scratch(c, (size_t)count_mul(longest, sizeof *all));
    if (!cell || !all) return operand_no_memory(c);
    for (int64_t i = 0; i < longest; i++) all[i] = (struct share){i, 1};
    out->cell = cell;
    for (int64_t roi = 0; roi < n; roi++)
        for (int axis = 0; axis < 2; axis++) {
            const struct span s = span_of(r, roi, axis);
            for (int64_t i = 0; i < s.n; i++) *cell++ = cell_of(&s, i, all);
        }
    return GABLE_OK;
}

static gable_status list_pictures(struct call *c, const struct regions *r, struct cells *out)
{
    const int64_t n = r->rois->dim[0];
    int64_t *picture = call_scratch(c, (size_t)count_mul(n, sizeof *picture));
    if (!picture) return operand_no_memory(c);
    for (int64_t i = 0; i < n; i++) {
        double at = value_real(r->rois, 5 * i);
        if (!(at >= 0 && at < (double)r->x->dim[0] && at == floor(at)))
            return call_refuse(c, "region %" PRId64 " lies in picture %g of %" PRId64, i, at, r->x->dim[0]);
        picture[i] = (int64_t)at;
    }
    out->picture = picture;
    return GABLE_OK;
}

static gable_status run_roi_pool(struct call *c)
{
    struct regions r = {.x = NULL};
    struct cells cells = {.is_max = true};
    gable_status s = operand_tensors(c, 2);
    if (!s) s = regions_read(c, 5, &r);
    r.out_height = node_int_at(c->node, "pooled_shape", 0, 0);
    r.out_width = node_int_at(c->node, "pooled_shape", 1, 0);
    if (!s) s = regions_make(c, &r);
    if (s || r.y->n == 0) return s;
    s = list_pictures(c, &r, &cells);
    if (!s) s = list_cells(c, &r, &cells);
    return s ? s : regions_fold(c, &r, &cells);
}

const struct kernel kernels_roi_pool[] = {
    {.op = "MaxRoiPool", .domain = "", .run = run_roi_pool, .in_f32 = true},
    {0},
};
