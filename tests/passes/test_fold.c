/* What goes into the weights of the convolution or product before it, and what must not; both graphs run. */
#include "check.h"
#include "made.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "run_both.h"

enum { CHANNELS = 4 };

static struct tensor *by_channel(struct graph *g, double least)
{
    return made_weights(g, least, 1, (const int64_t[]){CHANNELS});
}

static struct tensor *conv(struct graph *g, struct tensor *x, bool has_bias)
{
    struct tensor *w = made_weights(g, -1, 4, (const int64_t[]){CHANNELS, 2, 3, 3});
    struct tensor *in[] = {x, w, has_bias ? by_channel(g, -1) : NULL};
    struct tensor *y = made_node(g, "Conv", 2 + has_bias, in);
    node_set_ints(g, y->producer, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    return y;
}
static struct tensor *grouped(struct graph *g, struct tensor *x, const char *op, const int64_t *dim)
{
    struct tensor *y = made_node(g, op, 2, (struct tensor *[]){x, made_weights(g, -1, 4, dim)});
    node_set_int(g, y->producer, "group", 2);
    return y;
}
static struct tensor *norm(struct graph *g, struct tensor *x)
{
    struct tensor *in[] = {x, by_channel(g, -1), by_channel(g, -1), by_channel(g, -1), by_channel(g, 0.3)};
    struct tensor *y = made_node(g, "BatchNormalization", 5, in);
    node_set_float(g, y->producer, "epsilon", 1e-3);
    return y;
}
static struct tensor *planes(struct graph *g) { return made_weights(g, 0.2, 3, (const int64_t[]){CHANNELS, 1, 1}); }

static struct tensor *conv_norm(struct graph *g, struct tensor *x) { return norm(g, conv(g, x, false)); }
static struct tensor *conv_bias_norm(struct graph *g, struct tensor *x) { return norm(g, conv(g, x, true)); }
static struct tensor *grouped_norm(struct graph *g, struct tensor *x)
{
    return norm(g, grouped(g, x, "Conv", (const int64_t[]){CHANNELS, 1, 3, 3}));
}
static struct tensor *transposed_norm(struct graph *g, struct tensor *x)
{
    struct tensor *w = made_weights(g, -1, 4, (const int64_t[]){2, CHANNELS, 2, 2});
    return norm(g, made_pair(g, "ConvTranspose", x, w));
}
static struct tensor *grouped_transposed_norm(struct graph *g, struct tensor *x)
{
    return norm(g, grouped(g, x, "ConvTranspose", (const int64_t[]){2, CHANNELS / 2, 2, 2}));
}
static struct tensor *gemm(struct graph *g, struct tensor *x, bool flips, double alpha)
{
    struct tensor *w =
        made_weights(g, -1, 2, flips ? (const int64_t[]){CHANNELS, 60} : (const int64_t[]){60, CHANNELS});
    struct tensor *in[] = {made_node(g, "Flatten", 1, &x), w, by_channel(g, -1)};
    struct tensor *y = made_node(g, "Gemm", 3, in);
    node_set_int(g, y->producer, "transB", flips);
    node_set_float(g, y->producer, "alpha", alpha);
    return y;
}
static struct tensor *gemm_norm(struct graph *g, struct tensor *x) { return norm(g, gemm(g, x, false, 1)); }
static struct tensor *gemm_flipped_scaled(struct graph *g, struct tensor *x)
{
    return made_pair(g, "Mul", by_channel(g, -1), gemm(g, x, true, 1));
}
static struct tensor *gemm_alpha(struct graph *g, struct tensor *x) { return norm(g, gemm(g, x, true, 2)); }
static struct tensor *every_scale(struct graph *g, struct tensor *x)
{
    struct tensor *y = made_pair(g, "Mul", conv(g, x, false), planes(g));
    y = made_pair(g, "Add", planes(g), y);
    y = made_pair(g, "Div", y, planes(g));
    y = made_pair(g, "Sub", y, planes(g));
    return norm(g, made_pair(g, "Mul", y, graph_constant_real(g, "half", DTYPE_F32, 0.5)));
}
static struct tensor *summand_alone(struct graph *g, struct tensor *x)
{
    return made_pair(g, "Add", conv(g, x, false), planes(g));
}
static struct tensor *constant_less_conv(struct graph *g, struct tensor *x)
{
    return made_pair(g, "Sub", planes(g), conv(g, x, false));
}
static struct tensor *along_the_width(struct graph *g, struct tensor *x)
{
    return made_pair(g, "Mul", conv(g, x, false), made_weights(g, -1, 1, (const int64_t[]){6}));
}
static struct tensor *wider_result(struct graph *g, struct tensor *x)
{
    return made_pair(g, "Mul", conv(g, x, false), made_weights(g, -1, 5, (const int64_t[]){2, 1, 1, 1, 1}));
}
static struct tensor *read_twice(struct graph *g, struct tensor *x)
{
    struct tensor *y = conv(g, x, false);
    return made_pair(g, "Add", y, norm(g, y));
}
static struct tensor *shared_weights(struct graph *g, struct tensor *x)
{
    struct tensor *w = made_weights(g, -1, 4, (const int64_t[]){CHANNELS, 2, 1, 1});
    return made_pair(g, "Add", norm(g, made_pair(g, "Conv", x, w)),
                     made_pair(g, "Conv", made_node(g, "Neg", 1, &x), w));
}
static struct tensor *computed_scale(struct graph *g, struct tensor *x)
{
    struct tensor *c = planes(g);
    return made_pair(g, "Mul", conv(g, x, false), made_node(g, "Exp", 1, &c));
}
static struct tensor *ten_factors(struct graph *g, struct tensor *x)
{
    struct tensor *y = conv(g, x, true);
    for (int i = 0; i < 10; i++) y = made_pair(g, "Mul", y, planes(g));
    return y;
}

static const struct {
    const char *what;
    struct tensor *(*make)(struct graph *g, struct tensor *x);
    int before, after;
} cases[] = {
    {"convolution, normalisation", conv_norm, 2, 1},
    {"convolution with bias, normalisation", conv_bias_norm, 2, 1},
    {"grouped convolution, normalisation", grouped_norm, 2, 1},
    {"transposed convolution, normalisation", transposed_norm, 2, 1},
    {"grouped transposed convolution", grouped_transposed_norm, 2, 2},
    {"product, normalisation", gemm_norm, 3, 2},
    {"transposed product, factor", gemm_flipped_scaled, 3, 2},
    {"product with alpha", gemm_alpha, 3, 3},
    {"every scale, then a normalisation", every_scale, 7, 1},
    {"summand alone", summand_alone, 2, 1},
    {"constant less convolution", constant_less_conv, 2, 2},
    {"factors along the width", along_the_width, 2, 2},
    {"a result of more dimensions", wider_result, 2, 2},
    {"a convolution that is read twice", read_twice, 3, 3},
    {"shared weights", shared_weights, 5, 5},
    {"a factor that is computed", computed_scale, 3, 3},
    {"more than eight deep", ten_factors, 11, 3},
};

static void check_case(size_t i)
{
    struct graph *g = graph_new("g", "t", 1 << 20);
    graph_output(g, cases[i].make(g, graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 5, 6})));
    made_check(g, cases[i].what, cases[i].before, cases[i].after, 1e-4);
    graph_free(g);
}

static void foldings_keep_outputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) check_case(i);
}

/* By hand: w = 2, b = 3, then scale 5, shift 7, mean 1, variance 4 - epsilon: 5 (2x + 3 - 1) / 2 + 7 = 5x + 12. */
static void weights_are_those_of_the_formula(void **state)
{
    (void)state;
    gable_error e = {0};
    static const double values[] = {2, 3, 5, 7, 1, 3.75};
    static const int64_t dim[] = {1, 1, 1, 1};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *t[6], *x = graph_input(g, "x", DTYPE_F32, 4, dim);
    struct rewrites r;
    for (int i = 0; i < 6; i++) {
        t[i] = made_weights(g, 0, i ? 1 : 4, dim);
        t[i]->reals = &values[i];
    }
    struct tensor *y = made_node(g, "Conv", 3, (struct tensor *[]){x, t[0], t[1]});
    y = made_node(g, "BatchNormalization", 5, (struct tensor *[]){y, t[2], t[3], t[4], t[5]});
    node_set_float(g, y->producer, "epsilon", 0.25);
    graph_output(g, y);
    assert_ok(ops_infer(g, &e), &e);
    assert_ok(passes_run(g, &r, &e), &e);
    struct pool *p = pool_new(1 << 20);
    struct value in, out = {0};
    struct both both = {.outputs = &out, .n = 1, .tolerance = {1e-6, 1e-6}};
    assert_ok(value_new(p, DTYPE_F32, 4, dim, &in, &e), &e);
    assert_ok(value_new(p, DTYPE_F32, 4, dim, &out, &e), &e);
    *(float *)in.data = 4;
    *(float *)out.data = 32;
    assert_true(both_run(&both, g, &in, p, "by hand"));
    value_release(&in);
    value_release(&out);
    pool_free(p);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foldings_keep_outputs),
        cmocka_unit_test(weights_are_those_of_the_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
