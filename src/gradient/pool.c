/* Pooling. */
#include "gradient/back.h"
#include "ops/window.h"

#include <string.h>

/* Each output's gradient goes to the place that forward kept. */
static void back_max_pool(struct back *b)
{
    const int64_t all = tensor_elements(back_x(b, 0)), outputs = tensor_elements(b->n->out[0]);
    term places = b->n->n_out > 1 ? b->n->out[1] : node_add_output(b->g, b->n);
    if (node_int(b->n, "storage_order", 0)) back_refuse(b, "positions by columns are not followed");
    if (places) tensor_set_shape(b->g, places, DTYPE_S64, b->n->out[0]->shape.rank, b->n->out[0]->shape.dim);
    const term in[] = {back_zeros(b, &(struct shape){1, &all}), back_reshape(b, places, 1, &outputs),
                       back_reshape(b, b->dy[0], 1, &outputs)};
    struct node *n = back_node(b, "ScatterElements", 3, in, 1);
    if (n) node_set_string(b->g, n, "reduction", "add");
    b->dx[0] = back_shaped(b, back_infer(b, n), back_x(b, 0));
}

struct average {
    struct window w;
    int64_t end[SHAPE_RANK_MAX];  /* the border that the positions really reach over */
    int64_t more[SHAPE_RANK_MAX]; /* what they leave over */
    int64_t ones[SHAPE_RANK_MAX]; /* 1 x 1 x kernel */
};
static term windows(struct back *b, const char *op, const struct average *a, term x, const int64_t *begin,
                    const int64_t *end)
{
    int64_t pads[2 * SHAPE_RANK_MAX];
    const term in[] = {x, back_expand(b, back_real(b, 1), &(struct shape){a->w.rank + 2, a->ones})};
    struct node *n = back_node(b, op, 2, in, 1);
    if (!n) return NULL;
    for (int i = 0; i < a->w.rank; i++) {
        pads[i] = begin[i];
        pads[a->w.rank + i] = end[i];
    }
    node_set_ints(b->g, n, "strides", a->w.rank, a->w.stride);
    node_set_ints(b->g, n, "dilations", a->w.rank, a->w.dilation);
    node_set_ints(b->g, n, "pads", 2 * a->w.rank, pads);
    if (!strcmp(op, "ConvTranspose")) node_set_ints(b->g, n, "output_padding", a->w.rank, a->more);
    return back_infer(b, n);
}

/* How many values each window divides by: ones under it, those of the border too where they count. */
static term divisors(struct back *b, const struct average *a)
{
    bool with_border = node_int(b->n, "count_include_pad", 0);
    int64_t dim[SHAPE_RANK_MAX] = {1, 1}, begin[SHAPE_RANK_MAX] = {0}, end[SHAPE_RANK_MAX] = {0};
    for (int i = 0; i < a->w.rank; i++) {
        int64_t size = back_x(b, 0)->shape.dim[2 + i];
        dim[2 + i] = with_border ? size + a->w.begin[i] + a->w.end[i] : size;
        begin[i] = with_border ? 0 : a->w.begin[i];
        end[i] = with_border ? a->end[i] - a->w.end[i] : a->end[i];
        end[i] = end[i] < 0 ? 0 : end[i];
    }
    return windows(b, "Conv", a, back_expand(b, back_real(b, 1), &(struct shape){a->w.rank + 2, dim}), begin, end);
}

static void read_windows(struct back *b, struct average *out)
{
    struct average a = {.ones = {1, 1}};
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->n->out[0]->shape;
    if (!b->status) b->status = window_read(b->n, x, NULL, &a.w, b->e);
    for (int i = 0; i < a.w.rank && !b->status; i++) {
        int64_t reach = (y->dim[2 + i] - 1) * a.w.stride[i] + a.w.dilation[i] * (a.w.kernel[i] - 1) + 1;
        a.end[i] = reach - x->dim[2 + i] - a.w.begin[i];
        a.more[i] = a.end[i] < 0 ? -a.end[i] : 0;
        a.end[i] = a.end[i] < 0 ? 0 : a.end[i];
        a.ones[2 + i] = a.w.kernel[i];
    }
    *out = a;
}
/* Images and channels as one, for windows of one channel. */
static term planes(struct back *b, term x, const struct shape *of)
{
    int64_t dim[SHAPE_RANK_MAX] = {of->dim[0] * of->dim[1], 1};
    for (int i = 2; i < of->rank; i++) dim[i] = of->dim[i];
    return back_reshape(b, x, of->rank, dim);
}

static void back_average_pool(struct back *b)
{
    struct average a;
    read_windows(b, &a);
    if (b->status) return;
    term each = MAKE(b, "Div", b->dy[0], divisors(b, &a));
    term spread = windows(b, "ConvTranspose", &a, planes(b, each, &b->dy[0]->shape), a.w.begin, a.end);
    b->dx[0] = back_shaped(b, spread, back_x(b, 0));
}

/* |x|^p, what adds them, and the root. */
static term powered(struct back *b, term x, int64_t p)
{
    if (p == 2) return MAKE(b, "Mul", x, x);
    term size = MAKE(b, "Abs", x);
    return p == 1 ? size : MAKE(b, "Pow", size, back_real(b, (double)p));
}
static term rooted(struct back *b, term x, int64_t p)
{
    return p == 2 ? MAKE(b, "Sqrt", x) : p == 1 ? x : MAKE(b, "Pow", x, back_real(b, 1 / (double)p));
}
static void define_lp(struct back *b, term *out)
{
    int64_t p = node_int(b->n, "p", 2);
    struct average a;
    read_windows(b, &a);
    if (b->status) return;
    term x = planes(b, powered(b, back_x(b, 0), p), &back_x(b, 0)->shape);
    out[0] = back_shaped(b, rooted(b, windows(b, "Conv", &a, x, a.w.begin, a.end), p), b->n->out[0]);
}

/* What was put somewhere comes from there. */
static void back_unpool(struct back *b)
{
    const int64_t all = tensor_elements(b->n->out[0]);
    if (back_has(b, 2)) {
        back_refuse(b, "with a size of its own it is not followed");
        return;
    }
    b->dx[0] = MAKE(b, "Gather", back_reshape(b, b->dy[0], 1, &all), back_x(b, 1));
}

static term over_places(struct back *b, const char *op)
{
    int axes[SHAPE_RANK_MAX], n = 0;
    for (int i = 2; i < back_x(b, 0)->shape.rank; i++) axes[n++] = i;
    return back_reduce(b, op, back_x(b, 0), n, axes, true);
}
static void define_global_average(struct back *b, term *out) { out[0] = over_places(b, "ReduceMean"); }
static void define_global_max(struct back *b, term *out) { out[0] = over_places(b, "ReduceMax"); }

static void define_global_lp(struct back *b, term *out)
{
    int64_t p = node_int(b->n, "p", 2);
    int axes[SHAPE_RANK_MAX], n = 0;
    for (int i = 2; i < back_x(b, 0)->shape.rank; i++) axes[n++] = i;
    out[0] = rooted(b, back_reduce(b, "ReduceSum", powered(b, back_x(b, 0), p), n, axes, true), p);
}

/* Which pixels a bin holds, divided by how many: bins x pixels. */
static term bins(struct back *b, int64_t size, int64_t n)
{
    const int64_t dim[] = {n, size};
    int64_t *is_in = arena_array(b->g->arena, (size_t)(n * size) + 1, sizeof *is_in);
    for (int64_t o = 0; is_in && o < n; o++)
        for (int64_t i = o * size / n; i < ((o + 1) * size + n - 1) / n; i++) is_in[o * size + i] = 1;
    term table = is_in ? back_reshape(b, back_ints(b, (int)(n * size), is_in), 2, dim) : NULL;
    table = back_as(b, table, b->dtype);
    return MAKE(b, "Div", table, back_reduce(b, "ReduceSum", table, 1, (const int[]){1}, true));
}

static void define_adaptive(struct back *b, term *out)
{
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->n->out[0]->shape;
    if (x->rank != 4) {
        back_refuse(b, "of %d dimensions it is not followed", x->rank);
        return;
    }
    term rows = MAKE(b, "MatMul", bins(b, x->dim[2], y->dim[2]), back_x(b, 0));
    out[0] = MAKE(b, "MatMul", rows, back_swapped(b, bins(b, x->dim[3], y->dim[3])));
}

const struct gradient_rule rules_pool[] = {
    {"MaxPool", DOMAIN_ONNX, .back = back_max_pool, .words = "dy added at the position kept"},
    {"AveragePool", DOMAIN_ONNX, .back = back_average_pool, .words = "dy / its values, added to each of them"},
    {"GlobalAveragePool", DOMAIN_ONNX, .define = define_global_average, .words = "that of ReduceMean"},
    {"GlobalMaxPool", DOMAIN_ONNX, .define = define_global_max, .words = "that of ReduceMax"},
    {"LpPool", DOMAIN_ONNX, .define = define_lp, .words = "that of the root of a sum of powers"},
    {"GlobalLpPool", DOMAIN_ONNX, .define = define_global_lp, .words = "that of the root of a sum of powers"},
    {"MaxUnpool", DOMAIN_ONNX, .back = back_unpool, .words = "dy at the position filled"},
    {"AdaptiveAveragePool", DOMAIN_GABLE, .define = define_adaptive, .words = "that of two products with the bins"},
    {0},
};
