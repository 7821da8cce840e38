#include "engine/general/kernels/regions.h"

#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/move.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { LANE_BYTES = 64, LANES = 4, BEYOND = LANES * LANE_BYTES };

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

struct folding {
    const struct regions *regions;
    const struct cells *cells;
    const void *x; /* the pictures with their channels innermost */
};

/* A cell of a region, channels side by side: what `step` makes of v, shares of elements, and w, all before them. Reads
   up to CHANNELS beyond the last. */
#define LANES_OF(of_type, T, bits)                                                                    \
    typedef T lanes_##of_type __attribute__((vector_size(LANE_BYTES), aligned(bits / 8), may_alias)); \
    typedef int##bits##_t mask_##of_type __attribute__((vector_size(LANE_BYTES)));
LANES_OF(F32, float, 32)
LANES_OF(F64, double, 64)
#define GREATER(of_type) (lanes_##of_type)(((v > w) & (mask_##of_type)v) | (~(v > w) & (mask_##of_type)w))

#define FOLD(op, of_type, T, step)                                                                                 \
    static HOT void op##_##of_type(const struct folding *f, const T *x, const struct cell *row,                    \
                                   const struct cell *column, int64_t out_step, T *y)                              \
    {                                                                                                              \
        enum { EACH_LANE = LANE_BYTES / sizeof(T), CHANNELS = LANES * EACH_LANE };                                 \
        typedef lanes_##of_type lanes;                                                                             \
        const int64_t channels = f->regions->channels, width = f->regions->width;                                  \
        const T start = f->cells->is_max && !row->is_beyond && !column->is_beyond ? -(T)INFINITY : 0;              \
        for (int64_t first = 0; first < channels; first += CHANNELS) {                                             \
            lanes lane[LANES];                                                                                     \
            UNROLLED(j, LANES) lane[j] = start + (lanes){0};                                                       \
            for (int64_t i = 0; i < row->n; i++)                                                                   \
                for (int64_t k = 0; k < column->n; k++) {                                                          \
                    const T share = (T)(row->share[i].weight * column->share[k].weight);                           \
                    const T *from = x + (row->share[i].at * width + column->share[k].at) * channels + first;       \
                    UNROLLED(j, LANES)                                                                             \
                    {                                                                                              \
                        const lanes w = lane[j], v = share * *(const lanes *)(const void *)(from + j * EACH_LANE); \
                        lane[j] = step;                                                                            \
                    }                                                                                              \
                }                                                                                                  \
            for (int64_t j = 0; j < CHANNELS && first + j < channels; j++)                                         \
                y[(first + j) * out_step] = lane[j / EACH_LANE][j % EACH_LANE];                                    \
        }                                                                                                          \
    }
FOLD(sum, F32, float, w + v)
FOLD(sum, F64, double, w + v)
FOLD(max, F32, float, GREATER(F32))
FOLD(max, F64, double, GREATER(F64))

#define FOLD_REGION(of_type, T)                                                                                  \
    static void fold_region_##of_type(const struct folding *f, int64_t roi)                                      \
    {                                                                                                            \
        const struct regions *r = f->regions;                                                                    \
        const int64_t rows = r->out_height, columns = r->out_width, n = rows * columns;                          \
        const struct cell *row = f->cells->cell + roi * (rows + columns), *column = row + rows;                  \
        const T *x = (const T *)f->x + f->cells->picture[roi] * r->height * r->width * r->channels;              \
        T *y = (T *)r->y->data + roi * r->channels * n;                                                          \
        for (int64_t i = 0; i < n; i++)                                                                          \
            (f->cells->is_max ? max_##of_type : sum_##of_type)(f, x, row + i / columns, column + i % columns, n, \
                                                               y + i);                                           \
    }
FOLD_REGION(F32, float)
FOLD_REGION(F64, double)

static void fold_regions(void *arg, int64_t first, int64_t end)
{
    const struct folding *f = arg;
    for (int64_t i = first; i < end; i++) (f->regions->x->dtype == DTYPE_F32 ? fold_region_F32 : fold_region_F64)(f, i);
}

/* The pictures with their channels innermost, and room behind them. */
static gable_status turn_pictures(struct call *c, struct folding *f)
{
    static const int order[] = {0, 2, 3, 1};
    const struct value *x = f->regions->x;
    struct value turned;
    int64_t n = count_add(x->n, BEYOND / sizeof(float));
    gable_status s = call_temporary(c, x->dtype, 1, &n, &turned);
    if (s) return s;
    memset((char *)turned.data + (size_t)x->n * value_element_bytes(x->dtype), 0, BEYOND);
    f->x = turned.data;
    return move_transposed(c, x, order, &turned);
}

gable_status regions_fold(struct call *c, const struct regions *r, const struct cells *cells)
{
    struct folding f = {.regions = r, .cells = cells};
    gable_status s = turn_pictures(c, &f);
    if (s) return s;
    call_parallel(c, r->rois->dim[0], GRAIN / (16 * r->channels * r->out_height * r->out_width) + 1, fold_regions, &f);
    return GABLE_OK;
}
