/* RoiAlign: means or greatest values of points interpolated in regions of pictures. The points of a cell are a grid:
   some rows times some columns. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/regions.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { SAMPLES_MAX = 1 << 12 };

struct side { /* of a region, along one axis */
    double start, length;
    int64_t samples, size, n; /* points and elements per cell and axis; cells */
    struct cell *cells;
    struct share *shares;
};
struct align {
    struct regions regions;
    struct cells cells;
    double shift;
    int64_t samples; /* per cell and axis; 0: as many as the cell has rows or columns */
    bool is_least_one;
    struct side *sides; /* two for each region: rows, columns */
};

static struct side side_of(const struct align *a, int64_t roi, int axis)
{
    const struct regions *r = &a->regions;
    const int first = axis == 0 ? 1 : 0; /* of the region's numbers, x stands before y */
    double start = value_real(r->rois, 4 * roi + first) * r->scale - a->shift;
    double length = value_real(r->rois, 4 * roi + first + 2) * r->scale - a->shift - start;
    struct side s = {.start = start, .size = axis == 0 ? r->height : r->width};
    s.n = axis == 0 ? r->out_height : r->out_width;
    s.length = (a->is_least_one && !(length > 1) ? 1 : length) / (double)s.n;
    double wanted = a->samples > 0 ? (double)a->samples : ceil(s.length);
    s.samples = wanted >= 1 && wanted <= SAMPLES_MAX ? (int64_t)wanted : wanted > SAMPLES_MAX ? SAMPLES_MAX + 1 : 0;
    return s;
}

/* Of a sum, shares of the same element are one: it is among the last two. Of a maximum each counts. */
static void add_share(struct cell *c, struct share *list, int64_t at, double weight, bool is_max)
{
    for (int64_t i = c->n - 1; i >= 0 && i >= c->n - 2 && !is_max; i--)
        if (list[i].at == at) {
            list[i].weight += weight;
            return;
        }
    if (is_max || weight != 0) list[c->n++] = (struct share){at, weight};
}

/* The two elements around each point; beyond one element outside there is nothing. */
static struct cell list_cell(const struct side *s, int64_t cell, struct share *list, bool is_max)
{
    struct cell c = {.share = list, .is_beyond = s->samples == 0};
    for (int64_t i = 0; i < s->samples; i++) {
        double at = s->start + ((double)cell + ((double)i + 0.5) / (double)s->samples) * s->length;
        double part = is_max ? 1 : 1 / (double)s->samples;
        if (!(at >= -1 && at <= (double)s->size)) {
            c.is_beyond = true;
            continue;
        }
        at = at > 0 ? at : 0;
        int64_t low = (int64_t)at < s->size - 1 ? (int64_t)at : s->size - 1, high = low < s->size - 1 ? low + 1 : low;
        double of_high = high > low ? at - (double)low : 0;
        add_share(&c, list, low, part * (1 - of_high), is_max);
        add_share(&c, list, high, part * of_high, is_max);
    }
    return c;
}

static void list_sides(void *arg, int64_t first, int64_t end)
{
    const struct align *a = arg;
    for (int64_t i = first; i < end; i++) {
        const struct side *s = &a->sides[i];
        for (int64_t k = 0; k < s->n; k++)
            s->cells[k] = list_cell(s, k, s->shares + 2 * s->samples * k, a->cells.is_max);
    }
}

static gable_status read_modes(struct call *c, struct align *a)
{
    const char *mode = operand_text(c, "mode", "avg");
    const char *places =
        operand_text(c, "coordinate_transformation_mode", c->opset < 16 ? "output_half_pixel" : "half_pixel");
    a->cells.is_max = !strcmp(mode, "max");
    bool is_half = !strcmp(places, "half_pixel");
    if (!a->cells.is_max && strcmp(mode, "avg") != 0) return call_refuse(c, "knows no mode %.40s", mode);
    if (!is_half && strcmp(places, "output_half_pixel") != 0)
        return call_refuse(c, "knows no coordinate_transformation_mode %.40s", places);
    a->shift = is_half ? 0.5 : 0;
    a->is_least_one = !is_half;
    a->samples = node_int(c->node, "sampling_ratio", 0);
    if (a->samples < 0) return call_refuse(c, "a sampling_ratio of %" PRId64, a->samples);
    a->regions.out_height = node_int(c->node, "output_height", 1);
    a->regions.out_width = node_int(c->node, "output_width", 1);
    return GABLE_OK;
}

static gable_status place_sides(struct call *c, struct align *a)
{
    int64_t n = 2 * a->regions.rois->dim[0];
    count cells = 0, shares = 0;
    a->sides = call_scratch(c, (size_t)n * sizeof *a->sides);
    if (!a->sides) return operand_no_memory(c);
    for (int64_t i = 0; i < n; i++) {
        struct side *s = &a->sides[i];
        *s = side_of(a, i / 2, (int)(i % 2));
        if (s->samples > SAMPLES_MAX)
            return call_refuse(c, "a cell of region %" PRId64 " has more than %d samples a side", i / 2, SAMPLES_MAX);
        cells = count_add(cells, s->n);
        shares = count_add(shares, count_mul(2 * s->samples, s->n));
    }
    struct cell *cell = call_scratch(c, (size_t)count_mul(cells, sizeof *cell));
    struct share *share = call_scratch(c, (size_t)count_mul(shares, sizeof *share));
    if (!cell || !share) return operand_no_memory(c);
    a->cells.cell = cell;
    for (int64_t i = 0; i < n; i++) {
        struct side *s = &a->sides[i];
        s->cells = cell, s->shares = share;
        cell += s->n, share += 2 * s->samples * s->n;
    }
    return GABLE_OK;
}

static gable_status run_align(struct call *c)
{
    struct align a = {.sides = NULL};
    struct regions *r = &a.regions;
    gable_status s = operand_tensors(c, 3);
    if (!s) s = regions_read(c, 4, r);
    if (!s) s = read_modes(c, &a);
    if (!s) s = operand_indices(c, 2, c->in[0]->dim[0], &a.cells.picture);
    if (!s && c->in[2]->n != r->rois->dim[0])
        s = call_refuse(c, "%" PRId64 " pictures for %" PRId64 " regions", c->in[2]->n, r->rois->dim[0]);
    if (!s) s = regions_make(c, r);
    if (s || r->y->n == 0) return s;
    s = place_sides(c, &a);
    if (s) return s;
    call_parallel(c, 2 * r->rois->dim[0], GRAIN / (64 * (r->out_height + r->out_width)) + 1, list_sides, &a);
    return regions_fold(c, r, &a.cells);
}

const struct kernel kernels_align[] = {{.op = "RoiAlign", .domain = "", .run = run_align, .in_f32 = true}, {0}};
