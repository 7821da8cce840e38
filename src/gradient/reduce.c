/* Reductions over axes, and normalising to 1 along them. */
#include "gradient/back.h"

/* x's shape with 1 on what is reduced. */
struct kept {
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    int n_axes, axes[SHAPE_RANK_MAX];
    count reduced; /* values that make one */
};
/* False where nothing is reduced, by noop_with_empty_axes: the input is the output. */
static bool kept_of(struct back *b, struct kept *out)
{
    const struct shape *x = &back_x(b, 0)->shape;
    struct kept k = {.rank = x->rank, .reduced = 1};
    bool is_axis[SHAPE_RANK_MAX], keeps_all = node_int(b->n, "noop_with_empty_axes", 0);
    int n_axes = -1;
    if (!b->status) b->status = rule_axes(b->n, 1, x->rank, is_axis, &n_axes, b->e);
    for (int i = 0; i < x->rank && !b->status; i++) {
        bool is_reduced = n_axes > 0 ? is_axis[i] : !keeps_all;
        k.dim[i] = is_reduced ? 1 : x->dim[i];
        if (!is_reduced) continue;
        k.axes[k.n_axes++] = i;
        k.reduced = count_mul(k.reduced, x->dim[i]);
    }
    *out = k;
    if (n_axes <= 0 && keeps_all) b->dx[0] = b->dy[0];
    return !b->status && !b->dx[0];
}
static term keep(struct back *b, term t, const struct kept *k) { return back_reshape(b, t, k->rank, k->dim); }
static term dy_kept(struct back *b, const struct kept *k) { return keep(b, b->dy[0], k); }

static void back_sum(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    b->dx[0] = back_expand(b, dy_kept(b, &k), &back_x(b, 0)->shape);
}

static void back_mean(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    term each = back_scaled(b, dy_kept(b, &k), 1 / (double)k.reduced);
    b->dx[0] = back_expand(b, each, &back_x(b, 0)->shape);
}

/* Equal extremes share. */
static void back_extreme(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    term is_it = back_as(b, MAKE(b, "Equal", back_x(b, 0), keep(b, b->n->out[0], &k)), b->dtype);
    term share = MAKE(b, "Div", dy_kept(b, &k), back_reduce(b, "ReduceSum", is_it, k.n_axes, k.axes, true));
    b->dx[0] = MAKE(b, "Mul", is_it, share);
}

static void back_product(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    term all = MAKE(b, "Mul", dy_kept(b, &k), keep(b, b->n->out[0], &k));
    b->dx[0] = MAKE(b, "Div", all, back_x(b, 0));
}

static void back_log_sum(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    term each = MAKE(b, "Div", dy_kept(b, &k), MAKE(b, "Exp", keep(b, b->n->out[0], &k)));
    b->dx[0] = back_expand(b, each, &back_x(b, 0)->shape);
}

static void back_l1(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    b->dx[0] = MAKE(b, "Mul", MAKE(b, "Sign", back_x(b, 0)), dy_kept(b, &k));
}

static void back_l2(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    term each = MAKE(b, "Div", dy_kept(b, &k), keep(b, b->n->out[0], &k));
    b->dx[0] = MAKE(b, "Mul", back_x(b, 0), each);
}

static void back_sum_square(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    b->dx[0] = MAKE(b, "Mul", back_x(b, 0), back_scaled(b, dy_kept(b, &k), 2));
}

static void back_log_sum_exp(struct back *b)
{
    struct kept k;
    if (!kept_of(b, &k)) return;
    term share = MAKE(b, "Exp", MAKE(b, "Sub", back_x(b, 0), keep(b, b->n->out[0], &k)));
    b->dx[0] = MAKE(b, "Mul", share, dy_kept(b, &k));
}

/* One axis; before opset 13 all from that one on. */
static term sum_along(struct back *b, term x)
{
    bool is_flat = b->g->opset && b->g->opset < 13;
    int rank = back_x(b, 0)->shape.rank, axis = (int)node_int(b->n, "axis", is_flat ? 1 : -1), axes[SHAPE_RANK_MAX];
    if (axis < 0) axis += rank;
    int n = is_flat ? rank - axis : 1;
    for (int i = 0; i < n; i++) axes[i] = axis + i;
    return back_reduce(b, "ReduceSum", x, n, axes, true);
}

static void back_softmax(struct back *b)
{
    term y = b->n->out[0], dy = b->dy[0], mean = sum_along(b, MAKE(b, "Mul", dy, y));
    b->dx[0] = MAKE(b, "Mul", y, MAKE(b, "Sub", dy, mean));
}

static void back_log_softmax(struct back *b)
{
    term sum = sum_along(b, b->dy[0]);
    b->dx[0] = MAKE(b, "Sub", b->dy[0], MAKE(b, "Mul", MAKE(b, "Exp", b->n->out[0]), sum));
}

#define ROW(name, rule, how)                          \
    {                                                 \
        name, DOMAIN_ONNX, .back = rule, .words = how \
    }
const struct gradient_rule rules_reduce[] = {
    ROW("ReduceSum", back_sum, "dy repeated"),
    ROW("ReduceMean", back_mean, "dy / n repeated"),
    ROW("ReduceMax", back_extreme, "dy where x = y; equal ones share"),
    ROW("ReduceMin", back_extreme, "dy where x = y; equal ones share"),
    ROW("ReduceProd", back_product, "dy y / x"),
    ROW("ReduceLogSum", back_log_sum, "dy / exp y"),
    ROW("ReduceL1", back_l1, "dy sign x"),
    ROW("ReduceL2", back_l2, "dy x / y"),
    ROW("ReduceSumSquare", back_sum_square, "2 dy x"),
    ROW("ReduceLogSumExp", back_log_sum_exp, "dy exp(x - y)"),
    ROW("Softmax", back_softmax, "y (dy - sum of dy y)"),
    ROW("LogSoftmax", back_log_softmax, "dy - exp(y) sum of dy"),
    {0},
};
