/* Regions of pictures: RoiAlign, MaxRoiPool. The regions themselves are given, as torchvision has it: nothing flows to
   them. How many there are may depend on data, so no shape that is written says it. */
#include "gradient/back.h"

#include <float.h>
#include <string.h>

enum { ANY = -1 }; /* the number of regions, and what it is a factor of */

struct region_axis {
    int64_t cells, size; /* of the output, of the picture */
    int first;           /* of a region's numbers, the one where it starts; it ends two behind */
    double scale, shift; /* from the numbers to pixels */
};
static term number_of(struct back *b, const struct region_axis *a, int k)
{
    return back_plus(b, back_scaled(b, back_slice(b, back_x(b, 1), 1, k, k + 1, 1), a->scale), -a->shift);
}
/* 0, 1, ... as real numbers. */
static term counted(struct back *b, int64_t n)
{
    int64_t *list = arena_array(b->g->arena, (size_t)n + 1, sizeof *list);
    for (int64_t i = 0; list && i < n; i++) list[i] = i;
    return list ? back_as(b, back_ints(b, (int)n, list), b->dtype) : NULL;
}

/* RoiAlign: the points of all cells of an axis, regions x points, each between two pixels. */
struct points {
    int64_t n;
    term before, beyond, share; /* the pixel, how far behind it; what the point counts: 0 outside of the picture */
};
static struct points points_of(struct back *b, const struct region_axis *a, int64_t samples, bool is_least_one)
{
    const double last = (double)a->size - 1;
    struct points p = {.n = a->cells * samples};
    term start = number_of(b, a, a->first), length = MAKE(b, "Sub", number_of(b, a, a->first + 2), start);
    if (is_least_one) length = MAKE(b, "Max", length, back_real(b, 1));
    term part = back_scaled(b, back_plus(b, counted(b, p.n), 0.5), 1 / (double)p.n);
    term at = MAKE(b, "Add", start, MAKE(b, "Mul", length, part));
    term is_in = MAKE(b, "And", MAKE(b, "GreaterOrEqual", at, back_real(b, -1)),
                      MAKE(b, "LessOrEqual", at, back_real(b, (double)a->size)));
    at = MAKE(b, "Max", MAKE(b, "Min", at, back_real(b, last)), back_real(b, 0));
    p.before = MAKE(b, "Floor", at);
    p.beyond = MAKE(b, "Sub", at, p.before);
    p.share = back_scaled(b, back_as(b, is_in, b->dtype), 1 / (double)samples);
    return p;
}
/* The pixel `step` behind, 0 or 1, and what it weighs. */
static term pixel(struct back *b, const struct region_axis *a, const struct points *p, int step, term *weight)
{
    term part = step ? p->beyond : MAKE(b, "Sub", back_real(b, 1), p->beyond);
    *weight = MAKE(b, "Mul", p->share, part);
    return back_as(b, MAKE(b, "Min", back_plus(b, p->before, step), back_real(b, (double)a->size - 1)), DTYPE_S64);
}
static term column(struct back *b, term x, int64_t n) { return back_reshape(b, x, 3, (const int64_t[]){ANY, n, 1}); }
static term row(struct back *b, term x, int64_t n) { return back_reshape(b, x, 3, (const int64_t[]){ANY, 1, n}); }
static term times(struct back *b, term x, int64_t by) { return MAKE(b, "Mul", x, back_ints(b, 1, &by)); }

/* dy goes to one of the four pixels around each point, added to what is there. Rows: pixels x channels. */
static term spread(struct back *b, const struct region_axis *v, const struct region_axis *h, const struct points *rows,
                   const struct points *columns, int corner, term to)
{
    const struct shape *x = &back_x(b, 0)->shape;
    const int64_t channels = x->dim[1], one_of[] = {ANY, 1}, all[] = {ANY, channels};
    const int64_t cells[] = {ANY, v->cells, 1, h->cells, 1, channels};
    const int64_t points[] = {ANY, v->cells, rows->n / v->cells, h->cells, columns->n / h->cells, 1};
    static const int channels_last[] = {0, 2, 3, 1};
    term by_row, by_column, down = pixel(b, v, rows, corner / 2, &by_row);
    term along = pixel(b, h, columns, corner % 2, &by_column);
    term picture = back_reshape(b, back_as(b, back_x(b, 2), DTYPE_S64), 3, (const int64_t[]){ANY, 1, 1});
    term at = MAKE(b, "Add", times(b, column(b, down, rows->n), x->dim[3]), row(b, along, columns->n));
    at = MAKE(b, "Add", at, times(b, picture, x->dim[2] * x->dim[3]));
    term weight = MAKE(b, "Mul", column(b, by_row, rows->n), row(b, by_column, columns->n));
    term dy = back_reshape(b, back_transpose(b, b->dy[0], channels_last), 6, cells);
    dy = back_reshape(b, MAKE(b, "Mul", dy, back_reshape(b, weight, 6, points)), 2, all);
    struct node *n = back_node(b, "ScatterND", 3, (const term[]){to, back_reshape(b, at, 2, one_of), dy}, 1);
    if (n) node_set_string(b->g, n, "reduction", "add");
    return back_infer(b, n);
}

static void back_align(struct back *b)
{
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->n->out[0]->shape;
    const char *before_16 = b->g->opset && b->g->opset < 16 ? "output_half_pixel" : "half_pixel";
    bool is_half = !strcmp(node_text(b->n, "coordinate_transformation_mode", before_16), "half_pixel");
    const double scale = node_float(b->n, "spatial_scale", 1), shift = is_half ? 0.5 : 0;
    const struct region_axis v = {y->dim[2], x->dim[2], 1, scale, shift}, h = {y->dim[3], x->dim[3], 0, scale, shift};
    int64_t samples = node_int(b->n, "sampling_ratio", 0), pixels = x->dim[0] * x->dim[2] * x->dim[3];
    if (strcmp(node_text(b->n, "mode", "avg"), "avg") != 0) back_refuse(b, "mode max is not followed");
    if (samples < 1) back_refuse(b, "with sampling_ratio 0 data say how many points a cell has");
    if (b->status || !b->wants[0]) return;
    struct points rows = points_of(b, &v, samples, !is_half), columns = points_of(b, &h, samples, !is_half);
    term sum = back_zeros(b, &(struct shape){2, (const int64_t[]){pixels, x->dim[1]}});
    for (int i = 0; i < 4; i++) sum = spread(b, &v, &h, &rows, &columns, i, sum);
    sum = back_reshape(b, sum, 4, (const int64_t[]){x->dim[0], x->dim[2], x->dim[3], x->dim[1]});
    b->dx[0] = back_transpose(b, sum, (const int[]){0, 3, 1, 2});
}

/* MaxRoiPool. To the nearest, halves away from 0. */
static term nearest(struct back *b, term x)
{
    return MAKE(b, "Mul", MAKE(b, "Sign", x), MAKE(b, "Floor", back_plus(b, MAKE(b, "Abs", x), 0.5)));
}
/* Which pixels each cell has: regions x cells x pixels. */
static term pixels_of(struct back *b, const struct region_axis *a)
{
    term start = nearest(b, number_of(b, a, a->first)), end = nearest(b, number_of(b, a, a->first + 2));
    term length = MAKE(b, "Max", back_plus(b, MAKE(b, "Sub", end, start), 1), back_real(b, 1));
    term cell = back_scaled(b, length, 1 / (double)a->cells), k = counted(b, a->cells), i = counted(b, a->size);
    term from = MAKE(b, "Add", MAKE(b, "Floor", MAKE(b, "Mul", cell, k)), start);
    term to = MAKE(b, "Add", MAKE(b, "Ceil", MAKE(b, "Mul", cell, back_plus(b, k, 1))), start);
    return MAKE(b, "And", MAKE(b, "GreaterOrEqual", i, column(b, from, a->cells)),
                MAKE(b, "Less", i, column(b, to, a->cells)));
}
/* The greatest along an axis of those that are meant. */
static term greatest(struct back *b, term is_meant, term x, int axis)
{
    term meant = MAKE(b, "Where", is_meant, x, back_real(b, -FLT_MAX));
    return back_reduce(b, "ReduceMax", meant, 1, &axis, false);
}
/* Of each cell's columns, then of its rows; a cell outside of the picture gives 0. */
static void define_pool(struct back *b, term *out)
{
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->n->out[0]->shape;
    const double scale = node_float(b->n, "spatial_scale", 1);
    const struct region_axis v = {y->dim[2], x->dim[2], 2, scale, 0}, h = {y->dim[3], x->dim[3], 1, scale, 0};
    const int64_t any = ANY, apart[] = {ANY, x->dim[1], v.size, 1, h.size},
                  made[] = {ANY, x->dim[1], 1, v.size, h.cells};
    const int64_t columns[] = {ANY, 1, 1, h.cells, h.size}, rows[] = {ANY, 1, v.cells, v.size, 1};
    term picture = back_as(b, back_slice(b, back_x(b, 1), 1, 0, 1, 1), DTYPE_S64);
    term of_region = MAKE(b, "Gather", back_x(b, 0), back_reshape(b, picture, 1, &any));
    term wide = greatest(b, back_reshape(b, pixels_of(b, &h), 5, columns), back_reshape(b, of_region, 5, apart), 4);
    term most = greatest(b, back_reshape(b, pixels_of(b, &v), 5, rows), back_reshape(b, wide, 5, made), 3);
    out[0] = MAKE(b, "Where", MAKE(b, "Greater", most, back_real(b, -FLT_MAX)), most, back_real(b, 0));
}

const struct gradient_rule rules_regions[] = {
    {"RoiAlign", DOMAIN_ONNX, .back = back_align,
     .words = "dy added at the pixels around each point, by their weights"},
    {"MaxRoiPool", DOMAIN_ONNX, .define = define_pool,
     .words = "that of the greatest of a cell's columns, of its rows"},
    {0},
};
