/* What an exporter took away, found again: by hand, on a network of two convolutions and tied products. */
#include "check.h"
#include "counts/held.h"
#include "ops/ops.h"

static struct tensor *weight(struct graph *g, const char *name, int rank, const int64_t *dim)
{
    return graph_initializer(g, name, ROLE_WEIGHT, DTYPE_F32, rank, dim);
}

static struct tensor *convolve(struct graph *g, const char *op, const char *name, struct tensor *x, struct tensor *w,
                               struct tensor *b)
{
    struct tensor *in[] = {x, w, b};
    return graph_node(g, op, "", name, NULL, b ? 3 : 2, in, 1)->out[0];
}

static struct held found(const struct graph *g, count params)
{
    struct held h;
    gable_error e = {0};
    assert_false(g->failed);
    assert_ok(held_find(g, params, &h, &e), &e);
    return h;
}

static struct held of_one(const char *op, const char *weights, bool has_bias)
{
    const int64_t x[] = {1, 8, 4, 4}, w[] = {8, 8, 3, 3}, b[] = {8};
    struct graph *g = graph_new("one", "test", 1 << 20);
    struct tensor *bias = has_bias ? weight(g, "bias", 1, b) : NULL;
    graph_output(g, convolve(g, op, "conv", graph_input(g, "x", DTYPE_F32, 4, x), weight(g, weights, 4, w), bias));
    struct held h = found(g, 584);
    graph_free(g);
    return h;
}

/* A norm of 8 channels had 8 scales and 8 shifts; the shifts are the bias now. */
static void names_of_exporters_tell_of_folded_norms(void **state)
{
    (void)state;
    static const char *const made[] = {"onnx::Conv_193", "193", "net/conv1/Conv2D_weights_fused_bn"};
    static const char *const own[] = {"features.0.weight", "conv1_193", "onnx::MatMul_9"};
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        struct held h = of_one("Conv", made[i], true);
        assert_int_equal(h.n_folded, 1);
        assert_int_equal(h.folded, 8);
        assert_int_equal(h.params, 592);
        assert_int_equal(of_one("ConvTranspose", made[i], true).folded, 8);
    }
    for (size_t i = 0; i < COUNT_OF(own); i++) assert_int_equal(of_one("Conv", own[i], true).n_folded, 0);
    assert_int_equal(of_one("Conv", "onnx::Conv_193", false).n_folded, 0);
    assert_int_equal(of_one("MatMul", "193", false).n_folded, 0);
}

/* Two biases of 8 are one initializer, which an Identity gives again; 64 weights are read by two products. */
static void merged_and_shared_tensors_are_counted(void **state)
{
    (void)state;
    const int64_t x[] = {1, 8, 4, 4}, w[] = {8, 8, 3, 3}, b[] = {8}, square[] = {4, 4};
    struct graph *g = graph_new("two", "test", 1 << 20);
    struct tensor *bias = weight(g, "a.bias", 1, b), *tied = weight(g, "tied", 2, square);
    struct tensor *again = graph_node(g, "Identity", "", "again", NULL, 1, &bias, 1)->out[0];
    struct tensor *t = convolve(g, "Conv", "a", graph_input(g, "x", DTYPE_F32, 4, x), weight(g, "a", 4, w), bias);
    t = convolve(g, "Conv", "b", t, weight(g, "b", 4, w), again);
    t = convolve(g, "MatMul", "c", t, tied, NULL);
    graph_output(g, convolve(g, "MatMul", "d", t, tied, NULL));
    struct held h = found(g, 1000);
    assert_int_equal(h.n_merged, 1);
    assert_int_equal(h.merged, 8);
    assert_int_equal(h.n_shared, 1);
    assert_int_equal(h.shared, 16);
    assert_int_equal(h.n_folded, 0);
    assert_int_equal(h.params, 1008);
    graph_free(g);
}

/* A fresh norm of 8: scale and variance are one initializer of ones, shift and mean one of zeros, as two norms of one
   model are. Each has 8 scales and 8 shifts; the file has one of both. */
static void merged_statistics_are_no_parameters(void **state)
{
    (void)state;
    const int64_t x[] = {1, 8, 4, 4}, b[] = {8};
    struct graph *g = graph_new("norms", "test", 1 << 20);
    struct tensor *y = graph_input(g, "x", DTYPE_F32, 4, x);
    struct tensor *one = weight(g, "one", 1, b), *zero = weight(g, "zero", 1, b);
    for (int k = 0; k < 2; k++) {
        struct tensor *operands[5] = {y};
        for (int i = 1; i < 5; i++) {
            struct tensor *from = i == 1 || i == 4 ? one : zero;
            bool is_own = k == 0 && i < 3;
            operands[i] = is_own ? from : graph_node(g, "Identity", "", "copy", NULL, 1, &from, 1)->out[0];
        }
        y = graph_node(g, "BatchNormalization", "", "norm", NULL, 5, operands, 1)->out[0];
    }
    graph_output(g, y);
    struct held h = found(g, 16);
    assert_int_equal(h.n_merged, 2);
    assert_int_equal(h.params, 32);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_exporters_tell_of_folded_norms),
        cmocka_unit_test(merged_and_shared_tensors_are_counted),
        cmocka_unit_test(merged_statistics_are_no_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
