/* Each rule on a graph made for it, and graphs that it must leave alone; what has kernels is run before and after. */
#include "check.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "run_both.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct tensor *apply(struct graph *g, const char *op, struct tensor *a, struct tensor *b)
{
    struct tensor *in[] = {a, b};
    char name[64];
    snprintf(name, sizeof name, "%s_%d", op, g->n_nodes);
    return graph_node(g, op, "", name, NULL, b ? 2 : 1, in, 1)->out[0];
}

static struct tensor *real(struct graph *g, double value)
{
    char name[32];
    snprintf(name, sizeof name, "c%d", g->n_tensors);
    return graph_constant_real(g, name, DTYPE_F32, value);
}

static struct tensor *input(struct graph *g) { return graph_input(g, "x", DTYPE_F32, 2, (const int64_t[]){3, 8}); }

static struct tensor *gelu(struct graph *g, struct tensor *x)
{
    struct tensor *erf_of = apply(g, "Erf", apply(g, "Div", x, real(g, sqrt(2))), NULL);
    return apply(g, "Mul", apply(g, "Mul", x, apply(g, "Add", erf_of, real(g, 1))), real(g, 0.5));
}

static struct tensor *gelu_halved_first(struct graph *g, struct tensor *x)
{
    struct tensor *erf_of = apply(g, "Erf", apply(g, "Mul", real(g, sqrt(0.5)), x), NULL);
    return apply(g, "Mul", apply(g, "Mul", x, real(g, 0.5)), apply(g, "Add", real(g, 1), erf_of));
}

static struct tensor *gelu_of_another(struct graph *g, struct tensor *x)
{
    struct tensor *erf_of = apply(g, "Erf", apply(g, "Div", x, real(g, sqrt(2))), NULL);
    struct tensor *y = apply(g, "Abs", x, NULL);
    return apply(g, "Mul", apply(g, "Mul", y, apply(g, "Add", erf_of, real(g, 1))), real(g, 0.5));
}

static struct tensor *times(struct graph *g, struct tensor *x, double by) { return apply(g, "Mul", x, real(g, by)); }
static struct tensor *one_more(struct graph *g, struct tensor *x) { return apply(g, "Add", real(g, 1), x); }
static struct tensor *tanh_of(struct graph *g, struct tensor *x) { return apply(g, "Tanh", x, NULL); }
static const double outer = 0.7978845608, cubic = 0.044715;

/* torch's own: outer (x + cubic x x x) */
static struct tensor *gelu_by_tanh(struct graph *g, struct tensor *x)
{
    struct tensor *cube = apply(g, "Mul", x, apply(g, "Mul", x, x));
    struct tensor *inner = apply(g, "Mul", real(g, outer), apply(g, "Add", x, times(g, cube, cubic)));
    return times(g, apply(g, "Mul", x, one_more(g, tanh_of(g, inner))), 0.5);
}
/* GPT-2's, by Pow */
static struct tensor *gelu_by_power(struct graph *g, struct tensor *x)
{
    struct tensor *cube = apply(g, "Pow", x, real(g, 3));
    struct tensor *inner = times(g, apply(g, "Add", times(g, cube, cubic), x), outer);
    return apply(g, "Mul", times(g, x, 0.5), one_more(g, tanh_of(g, inner)));
}
/* outer x (1 + cubic x x), and the sum outside */
static struct tensor *gelu_factored(struct graph *g, struct tensor *x)
{
    struct tensor *square = one_more(g, apply(g, "Mul", times(g, x, cubic), x));
    struct tensor *by = tanh_of(g, apply(g, "Mul", times(g, x, outer), square)), *half = times(g, x, 0.5);
    return apply(g, "Add", half, apply(g, "Mul", half, by));
}
static struct tensor *another_cubic(struct graph *g, struct tensor *x)
{
    struct tensor *cube = apply(g, "Pow", x, real(g, 3));
    struct tensor *inner = times(g, apply(g, "Add", times(g, cube, 0.05), x), outer);
    return apply(g, "Mul", times(g, x, 0.5), one_more(g, tanh_of(g, inner)));
}
/* A factor of more dimensions than x has. */
static struct tensor *gelu_that_widens(struct graph *g, struct tensor *x)
{
    static const double half = 0.5;
    struct tensor *wide = graph_initializer(g, "half", ROLE_CONSTANT, DTYPE_F32, 3, (const int64_t[]){1, 1, 1});
    struct tensor *erf_of = apply(g, "Erf", apply(g, "Div", x, real(g, sqrt(2))), NULL);
    wide->reals = &half;
    return apply(g, "Mul", apply(g, "Mul", x, one_more(g, erf_of)), wide);
}
static struct tensor *quick_gelu(struct graph *g, struct tensor *x)
{
    return apply(g, "Mul", x, apply(g, "Sigmoid", times(g, x, 1.702), NULL));
}
static struct tensor *gate_of_another(struct graph *g, struct tensor *x)
{
    return apply(g, "Mul", x, apply(g, "Sigmoid", times(g, apply(g, "Abs", x, NULL), 1.702), NULL));
}
/* x / sqrt(8), the 8 read from x's shape. */
static struct tensor *by_width(struct graph *g, struct tensor *x)
{
    struct tensor *width =
        apply(g, "Gather", apply(g, "Shape", x, NULL), graph_constant_ints(g, "last", 1, (const int64_t[]){1}));
    struct tensor *wide = apply(g, "Cast", width, NULL);
    node_set_int(g, wide->producer, "to", 1);
    return apply(g, "Div", x, apply(g, "Sqrt", wide, NULL));
}
/* x + 0, the zero of the shape that an empty list gives: files hold no value for it. */
static struct tensor *of_no_dimension(struct graph *g, struct tensor *x)
{
    struct tensor *nothing = graph_initializer(g, "nothing", ROLE_CONSTANT, DTYPE_S64, 1, (const int64_t[]){0});
    return apply(g, "Add", x, apply(g, "ConstantOfShape", nothing, NULL));
}

static struct tensor *swish(struct graph *g, struct tensor *x)
{
    return apply(g, "Mul", apply(g, "Sigmoid", x, NULL), x);
}

/* The gate is read elsewhere too: nothing is saved. */
static struct tensor *gate_in_use(struct graph *g, struct tensor *x)
{
    struct tensor *gate = apply(g, "Sigmoid", x, NULL);
    return apply(g, "Sub", apply(g, "Mul", x, gate), gate);
}

static struct tensor *hard_sigmoid_times(struct graph *g, struct tensor *x, double alpha)
{
    struct tensor *gate = apply(g, "HardSigmoid", x, NULL);
    node_set_float(g, gate->producer, "alpha", alpha);
    return apply(g, "Mul", x, gate);
}

static struct tensor *hardswish(struct graph *g, struct tensor *x) { return hard_sigmoid_times(g, x, 1.0 / 6); }

static struct tensor *no_hardswish(struct graph *g, struct tensor *x) { return hard_sigmoid_times(g, x, 0.2); }

static struct tensor *clipped(struct graph *g, struct tensor *x)
{
    struct tensor *in[] = {apply(g, "Add", x, real(g, 3)), real(g, 0), real(g, 6)};
    return graph_node(g, "Clip", "", "clip", NULL, 3, in, 1)->out[0];
}

static struct tensor *hardswish_by_hand(struct graph *g, struct tensor *x)
{
    return apply(g, "Div", apply(g, "Mul", x, clipped(g, x)), real(g, 6));
}

/* As opset 10 has it: bounds are attributes. */
static struct tensor *hardswish_of_old(struct graph *g, struct tensor *x)
{
    struct tensor *gate = apply(g, "Clip", apply(g, "Add", x, real(g, 3)), NULL);
    node_set_float(g, gate->producer, "min", 0);
    node_set_float(g, gate->producer, "max", 6);
    return apply(g, "Div", apply(g, "Mul", x, gate), real(g, 6));
}

static struct tensor *by_one(struct graph *g, struct tensor *x)
{
    return apply(g, "Neg", apply(g, "Mul", apply(g, "Div", x, real(g, 1)), real(g, 1)), NULL);
}

static struct tensor *hardswish_other_order(struct graph *g, struct tensor *x)
{
    return apply(g, "Mul", apply(g, "Div", clipped(g, x), real(g, 6)), x);
}

static struct tensor *mean(struct graph *g, struct tensor *x)
{
    struct tensor *t = apply(g, "ReduceMean", x, NULL);
    node_set_ints(g, t->producer, "axes", 1, (const int64_t[]){-1});
    return t;
}

static struct tensor *layer_norm(struct graph *g, struct tensor *x)
{
    const int64_t dim[] = {8};
    struct tensor *off = apply(g, "Sub", x, mean(g, x)), *square = apply(g, "Pow", off, real(g, 2));
    struct tensor *root = apply(g, "Sqrt", apply(g, "Add", mean(g, square), real(g, 1e-5)), NULL);
    struct tensor *scale = graph_initializer(g, "scale", ROLE_WEIGHT, DTYPE_F32, 1, dim);
    struct tensor *shift = graph_initializer(g, "shift", ROLE_WEIGHT, DTYPE_F32, 1, dim);
    static const double values[8] = {1, 2, 0.5, -1, 3, 1, 0.25, 4};
    scale->reals = values;
    shift->reals = values;
    return apply(g, "Add", apply(g, "Mul", apply(g, "Div", off, root), scale), shift);
}

static struct tensor *twice_the_same(struct graph *g, struct tensor *x)
{
    return apply(g, "Add", apply(g, "Exp", apply(g, "Neg", x, NULL), NULL),
                 apply(g, "Exp", apply(g, "Neg", x, NULL), NULL));
}

static struct tensor *random_twice(struct graph *g, struct tensor *x)
{
    return apply(g, "Add", apply(g, "RandomNormalLike", x, NULL), apply(g, "RandomNormalLike", x, NULL));
}

static struct tensor *dead_end(struct graph *g, struct tensor *x)
{
    apply(g, "Exp", apply(g, "Abs", x, NULL), NULL);
    return apply(g, "Neg", x, NULL);
}

static struct tensor *hands_on(struct graph *g, struct tensor *x)
{
    return apply(g, "Neg", apply(g, "Identity", apply(g, "Abs", x, NULL), NULL), NULL);
}

/* In training mode, where a share of 0 drops nothing all the same. */
static struct tensor *dropout(struct graph *g, struct tensor *x, double share)
{
    struct tensor *training = graph_initializer(g, "training", ROLE_CONSTANT, DTYPE_BOOL, 0, NULL);
    static const int64_t yes[] = {1};
    training->ints = yes;
    struct tensor *in[] = {apply(g, "Abs", x, NULL), real(g, share), training};
    return apply(g, "Neg", graph_node(g, "Dropout", "", "dropout", NULL, 3, in, 1)->out[0], NULL);
}
static struct tensor *drops_nothing(struct graph *g, struct tensor *x) { return dropout(g, x, 0); }
static struct tensor *drops_half(struct graph *g, struct tensor *x) { return dropout(g, x, 0.5); }

/* Reshape to what Shape says, less the last dimension: 3 x 8 to 24. */
static struct tensor *shape_arithmetic(struct graph *g, struct tensor *x)
{
    struct tensor *shape = apply(g, "Shape", x, NULL), *size = apply(g, "ReduceProd", shape, NULL);
    struct tensor *y = apply(g, "Abs", x, NULL);
    node_set_int(g, size->producer, "keepdims", 1);
    return apply(g, "Reshape", y, size);
}

/* 3 x 8 as an image of one channel, with `pads` around it, then an operator of 2 x 2 windows, as a matrix again. */
static struct tensor *padded(struct graph *g, struct tensor *x, const int64_t *pads, const char *op)
{
    struct tensor *image = apply(g, "Reshape", x, graph_constant_ints(g, "image", 4, (const int64_t[]){1, 1, 3, 8}));
    struct tensor *y = apply(g, "Pad", image, graph_constant_ints(g, "pads", 8, pads));
    struct tensor *weight = NULL;
    if (!strcmp(op, "Conv")) {
        static const double values[] = {1, -2, 0.5, 3};
        weight = graph_initializer(g, "w", ROLE_WEIGHT, DTYPE_F32, 4, (const int64_t[]){1, 1, 2, 2});
        weight->reals = values;
    }
    y = apply(g, op, y, weight);
    node_set_ints(g, y->producer, "kernel_shape", 2, (const int64_t[]){2, 2});
    return apply(g, "Neg", y, NULL);
}
static const int64_t around[8] = {0, 0, 1, 0, 0, 0, 1, 1}, wide[8] = {0, 0, 1, 0, 0, 0, 2, 1}, none[8] = {0},
                     cropped[8] = {0, 0, 1, 0, 0, 0, -1, 0};
static struct tensor *pad_of_conv(struct graph *g, struct tensor *x) { return padded(g, x, wide, "Conv"); }
static struct tensor *pad_of_average(struct graph *g, struct tensor *x) { return padded(g, x, around, "AveragePool"); }
static struct tensor *wide_pad_of_average(struct graph *g, struct tensor *x)
{
    return padded(g, x, wide, "AveragePool");
}
static struct tensor *pad_of_maximum(struct graph *g, struct tensor *x) { return padded(g, x, around, "MaxPool"); }
static struct tensor *pad_of_none(struct graph *g, struct tensor *x) { return padded(g, x, none, "MaxPool"); }
static struct tensor *pad_and_crop(struct graph *g, struct tensor *x) { return padded(g, x, cropped, "Conv"); }
/* An average that leaves its own padding out counts the zeros of the Pad all the same. */
static struct tensor *pad_of_padded_average(struct graph *g, struct tensor *x)
{
    struct tensor *y = padded(g, x, around, "AveragePool");
    node_set_ints(g, y->producer->in[0]->producer, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    return y;
}

static const struct {
    const char *what;
    struct tensor *(*make)(struct graph *g, struct tensor *x);
    const char *rule; /* that rewrites; NULL: nothing may change */
    int before, after;
    bool is_run;
} cases[] = {
    {"gelu", gelu, "gelu", 5, 1, true},
    {"gelu, halved first", gelu_halved_first, "gelu", 5, 1, true},
    {"erf of another value", gelu_of_another, NULL, 6, 6, true},
    {"gelu by tanh", gelu_by_tanh, "gelu", 9, 1, true},
    {"gelu by a power", gelu_by_power, "gelu", 8, 1, true},
    {"gelu, factored", gelu_factored, "gelu", 9, 1, true},
    {"tanh of another cubic", another_cubic, NULL, 8, 8, true},
    {"gelu that adds a dimension", gelu_that_widens, NULL, 5, 5, true},
    {"quick gelu", quick_gelu, "swish", 3, 1, true},
    {"a gate of another value", gate_of_another, NULL, 4, 4, true},
    {"a root of the width", by_width, "constants", 5, 1, true},
    {"a constant of no dimension", of_no_dimension, "constants", 2, 1, false},
    {"swish", swish, "swish", 2, 1, true},
    {"a gate in use", gate_in_use, NULL, 3, 3, true},
    {"hardswish", hardswish, "swish", 2, 1, true},
    {"another hard sigmoid", no_hardswish, NULL, 2, 2, true},
    {"hardswish by hand", hardswish_by_hand, "swish", 4, 1, true},
    {"hardswish by attributes", hardswish_of_old, "swish", 4, 1, true},
    {"a factor of one", by_one, "nothing", 3, 1, true},
    {"hardswish in another order", hardswish_other_order, "swish", 4, 1, true},
    {"layer norm", layer_norm, "layer_norm", 9, 1, true},
    {"the same twice", twice_the_same, "repeats", 5, 3, true},
    {"random twice", random_twice, NULL, 3, 3, false},
    {"a dead end", dead_end, "dead", 3, 1, true},
    {"identity", hands_on, "nothing", 3, 2, true},
    {"a dropout of nothing", drops_nothing, "nothing", 3, 2, true},
    {"a dropout", drops_half, NULL, 3, 3, false},
    {"zeros before a convolution", pad_of_conv, "pads", 4, 3, true},
    {"zeros before an average", pad_of_average, "pads", 4, 3, true},
    {"more zeros than an average may have", wide_pad_of_average, NULL, 4, 4, true},
    {"zeros before a maximum", pad_of_maximum, NULL, 4, 4, true},
    {"zeros before a padded average", pad_of_padded_average, NULL, 4, 4, true},
    {"a pad of nothing", pad_of_none, "nothing", 4, 3, true},
    {"a pad that crops as well", pad_and_crop, NULL, 4, 4, true},
    {"shape arithmetic", shape_arithmetic, "constants", 4, 2, true},
};

static void fill(struct pool *p, struct value *x)
{
    gable_error e = {0};
    float *f;
    assert_ok(value_new(p, DTYPE_F32, 2, (const int64_t[]){3, 8}, x, &e), &e);
    f = x->data;
    for (int i = 0; i < 24; i++) f[i] = 0.37F * (float)((i * 7) % 23) - 4;
}

static bool has_rule(const struct rewrites *r, const char *rule)
{
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->at[i].pass, rule)) return true;
    return false;
}

static void check_rewrites(size_t i, const struct graph *g, const struct rewrites *r)
{
    if (g->n_nodes != cases[i].after) fail_msg("%s: %d nodes, not %d", cases[i].what, g->n_nodes, cases[i].after);
    if (cases[i].rule ? !has_rule(r, cases[i].rule) : r->n > 0)
        fail_msg("%s: %s", cases[i].what, r->n ? r->at[0].pass : "nothing was rewritten");
    assert_true(g->outputs[0]->has_shape && g->outputs[0]->producer->op != NULL);
    for (int k = 0; k < g->n_tensors; k++) assert_int_equal(g->tensors[k]->index, k);
}

static void rules_rewrite_and_keep_outputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        gable_error e = {0};
        struct graph *g = graph_new("g", "t", 1 << 20);
        struct pool *p = pool_new(1 << 20);
        struct value x;
        struct both both = {.tolerance = {1e-6, 1e-5}};
        struct rewrites r;
        fill(p, &x);
        graph_output(g, cases[i].make(g, input(g)));
        assert_ok(ops_infer(g, &e), &e);
        assert_int_equal(g->n_nodes, cases[i].before);
        if (cases[i].is_run) assert_true(both_run(&both, g, &x, p, cases[i].what));
        assert_ok(passes_run(g, &r, &e), &e);
        check_rewrites(i, g, &r);
        if (cases[i].is_run) assert_true(both_run(&both, g, &x, p, cases[i].what));
        for (int k = 0; k < both.n; k++) value_release(&both.outputs[k]);
        test_free(both.outputs);
        value_release(&x);
        pool_free(p);
        graph_free(g);
    }
}

/* A weight that only a dead node reads is no parameter afterwards. */
static void what_is_dead_is_not_counted(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *x = input(g), *w = graph_initializer(g, "w", ROLE_WEIGHT, DTYPE_F32, 1, (const int64_t[]){8});
    struct rewrites r;
    apply(g, "Add", x, w);
    graph_output(g, apply(g, "Abs", x, NULL));
    assert_ok(ops_infer(g, &e), &e);
    assert_ok(passes_run(g, &r, &e), &e);
    for (int i = 0; i < g->n_tensors; i++) assert_true(g->tensors[i] != w);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.at[0].nodes, "Add_0");
    graph_free(g);
}

/* An output of the model keeps its name, even where it only hands on. */
static void outputs_keep_their_names(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *y = apply(g, "Identity", input(g), NULL);
    struct rewrites r;
    graph_output(g, y);
    assert_ok(ops_infer(g, &e), &e);
    assert_ok(passes_run(g, &r, &e), &e);
    assert_ptr_equal(g->outputs[0], y);
    assert_int_equal(g->n_nodes, 1);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_rewrite_and_keep_outputs),
        cmocka_unit_test(what_is_dead_is_not_counted),
        cmocka_unit_test(outputs_keep_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
