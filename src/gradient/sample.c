/* GridSample written out: where each place lies between pixels, and the pixels around it by their weights. */
#include "gradient/back.h"

#include <string.h>

struct sampled {
    int64_t size[2], places; /* height and width of the input; places that are asked for, of an image */
    bool is_nearest, is_cut; /* pixels beyond the border are its own, else 0 */
    term pixels;             /* images x channels x height width */
};
/* Of one axis, images x 1 x places: the pixel before, and how far behind it the place is. */
struct along {
    term before, beyond;
};

static struct along find(struct back *b, const struct sampled *s, int axis)
{
    bool is_aligned = node_int(b->n, "align_corners", 0);
    const int64_t dim[] = {back_x(b, 1)->shape.dim[0], 1, s->places};
    double size = (double)s->size[axis], scale = (is_aligned ? size - 1 : size) / 2;
    term t = back_reshape(b, back_slice(b, back_x(b, 1), 3, 1 - axis, 2 - axis, 1), 3, dim); /* width comes first */
    t = back_plus(b, back_scaled(b, t, scale), is_aligned ? scale : scale - 0.5);
    if (s->is_cut) t = MAKE(b, "Max", MAKE(b, "Min", t, back_real(b, size - 1)), back_real(b, 0));
    term before = MAKE(b, s->is_nearest ? "Round" : "Floor", t);
    return (struct along){before, MAKE(b, "Sub", t, before)};
}
/* The pixel that stands `step` behind, 0 or 1: where it is, what it weighs. */
static term pixel(struct back *b, const struct sampled *s, const struct along *a, int axis, int step, term *weight)
{
    double last = (double)s->size[axis] - 1;
    term at = back_plus(b, a->before, step), share = a->beyond;
    term is_in =
        MAKE(b, "And", MAKE(b, "GreaterOrEqual", at, back_real(b, 0)), MAKE(b, "LessOrEqual", at, back_real(b, last)));
    if (!step) share = MAKE(b, "Sub", back_real(b, 1), share);
    term counted = back_as(b, is_in, b->dtype);
    *weight = s->is_nearest ? counted : MAKE(b, "Mul", counted, share);
    return MAKE(b, "Max", MAKE(b, "Min", at, back_real(b, last)), back_real(b, 0));
}
static term corner(struct back *b, const struct sampled *s, const struct along *rows, const struct along *columns,
                   int i)
{
    const int64_t dim[] = {s->pixels ? s->pixels->shape.dim[0] : 0, s->pixels ? s->pixels->shape.dim[1] : 0, s->places};
    term by_row, by_column, row = pixel(b, s, rows, 0, i / 2, &by_row);
    term column = pixel(b, s, columns, 1, i % 2, &by_column);
    term at = MAKE(b, "Add", back_scaled(b, row, (double)s->size[1]), column);
    at = back_expand(b, back_as(b, at, DTYPE_S64), &(struct shape){3, dim});
    struct node *n = back_node(b, "GatherElements", 2, (const term[]){s->pixels, at}, 1);
    if (n) node_set_int(b->g, n, "axis", 2);
    return MAKE(b, "Mul", back_infer(b, n), MAKE(b, "Mul", by_row, by_column));
}

static void define_grid_sample(struct back *b, term *out)
{
    const char *mode = node_text(b->n, "mode", "linear"), *outside = node_text(b->n, "padding_mode", "zeros");
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->n->out[0]->shape;
    if (x->rank != 4) back_refuse(b, "of %d dimensions it is not followed", x->rank);
    if (!strcmp(mode, "cubic") || !strcmp(mode, "bicubic")) back_refuse(b, "mode %s is not followed", mode);
    if (!strcmp(outside, "reflection")) back_refuse(b, "padding_mode %s is not followed", outside);
    if (b->status) return;
    const int64_t flat[] = {x->dim[0], x->dim[1], x->dim[2] * x->dim[3]};
    struct sampled s = {.size = {x->dim[2], x->dim[3]},
                        .places = y->dim[2] * y->dim[3],
                        .is_nearest = !strcmp(mode, "nearest"),
                        .is_cut = !strcmp(outside, "border"),
                        .pixels = back_reshape(b, back_x(b, 0), 3, flat)};
    struct along rows = find(b, &s, 0), columns = find(b, &s, 1);
    term sum = corner(b, &s, &rows, &columns, 0);
    for (int i = 1; i < 4 && !s.is_nearest; i++) sum = MAKE(b, "Add", sum, corner(b, &s, &rows, &columns, i));
    out[0] = back_reshape(b, sum, 4, y->dim);
}

const struct gradient_rule rules_sample[] = {
    {"GridSample", DOMAIN_ONNX, .define = define_grid_sample,
     .words = "that of the pixels around each place, by their weights"},
    {0},
};
