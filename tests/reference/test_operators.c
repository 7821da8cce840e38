/* The reference itself: against the inputs and outputs that ONNX ships with every operator, and by hand where ONNX has
   none. */
#include "reference.h"

#include "base/file.h"
#include "check.h"
#include "onnx/onnx.h"
#include "ops/ops.h"

#include <glob.h>
#include <math.h>
#include <onnx/onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA "/usr/share/libonnx-testdata/data/node/"
enum { INPUTS = 8, ELEMENTS = 20000 };

/* A tensor of floats from ONNX's test data; false where it holds anything else. */
static bool read_tensor(const char *path, float *values, size_t *n)
{
    char *bytes = NULL;
    size_t len = 0;
    gable_error e = {0};
    assert_ok(file_read(path, 1 << 20, &bytes, &len, &e), &e);
    Onnx__TensorProto *t = onnx__tensor_proto__unpack(NULL, len, (const uint8_t *)bytes);
    assert_non_null(t);
    bool is_float = t->data_type == 1;
    *n = t->raw_data.len / sizeof *values;
    if (is_float) {
        assert_true(*n <= ELEMENTS);
        memcpy(values, t->raw_data.data, *n * sizeof *values);
    }
    onnx__tensor_proto__free_unpacked(t, NULL);
    free(bytes);
    return is_float;
}

/* One folder of ONNX's: 1 where the reference agrees, 0 where the file asks for what the zoo never does (integers, an
   operator's other forms). */
static int agrees_with_onnx(const char *folder)
{
    static float values[INPUTS][ELEMENTS], expected[ELEMENTS];
    static double output[ELEMENTS];
    const float *inputs[INPUTS];
    char path[512];
    struct graph *g = NULL;
    gable_error e = {0};
    size_t n = 0;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    assert_ok(onnx_read(path, NULL, &g, &e), &e);
    bool can_run = !ops_infer(g, &e) && g->n_inputs <= INPUTS && g->n_outputs == 1;
    for (int i = 0; i < g->n_inputs && can_run; i++) {
        snprintf(path, sizeof path, "%s/test_data_set_0/input_%d.pb", folder, i);
        inputs[i] = values[i];
        can_run = read_tensor(path, values[i], &n) && (count)n == tensor_elements(g->inputs[i]);
    }
    can_run = can_run && !reference_run(g, NULL, inputs, output, NULL, &e);
    if (can_run) {
        snprintf(path, sizeof path, "%s/test_data_set_0/output_0.pb", folder);
        assert_true(read_tensor(path, expected, &n));
        assert_int_equal(n, tensor_elements(g->outputs[0]));
        double apart = reference_distance(expected, output, n);
        if (!(apart <= 1e-6)) fail_msg("%s: %g of the largest output apart", folder, apart);
    }
    graph_free(g);
    return can_run;
}

static void the_reference_gives_what_onnx_ships(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        int at_least; /* files that must run: all but those that the comment names */
    } rows[] = {
        {"test_conv_*", 3}, /* not: SAME padding, which no file of the zoo has */
        {"test_basic_conv_*", 2},
        {"test_gemm_*", 9},      /* not: a third matrix that is a scalar or a column */
        {"test_batchnorm_*", 2}, /* not: training */
        {"test_relu", 1},
        {"test_clip*", 8}, /* not: integers, operators made of others */
        {"test_sigmoid*", 2},
        {"test_hardsigmoid*", 3},
        {"test_hardswish", 1},
        {"test_add*", 2}, /* not: integers */
        {"test_mul*", 3},
        {"test_maxpool_2d_*", 7}, /* not: SAME padding */
        {"test_averagepool_2d_*", 7},
        {"test_globalaveragepool*", 2},
        {"test_reduce_mean_*", 8},
        {"test_concat_2d_*", 4},
        {"test_concat_3d_*", 6},
        {"test_transpose_*", 7},
        {"test_flatten_*", 9},
        {"test_identity", 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char pattern[256];
        glob_t folders;
        int ran = 0;
        snprintf(pattern, sizeof pattern, DATA "%s", rows[i].pattern);
        assert_int_equal(glob(pattern, 0, NULL, &folders), 0);
        for (size_t k = 0; k < folders.gl_pathc; k++) ran += agrees_with_onnx(folders.gl_pathv[k]);
        globfree(&folders);
        print_message("%s: %d files\n", rows[i].pattern, ran);
        if (ran < rows[i].at_least) fail_msg("%s: only %d files ran", rows[i].pattern, ran);
    }
}

/* x: 1 x 1 x 3 x 4. One node over it; the values by hand. */
static const float image[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static struct graph *graph_of(struct node **n, const char *domain, const char *op, int n_out)
{
    struct graph *g = graph_new("test", "test", 1 << 20);
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 1, 3, 4});
    *n = graph_node(g, op, domain, "n", NULL, 1, &x, n_out);
    return g;
}

static void compare(struct graph *g, struct node *n, int output, const double *expected)
{
    double got[12];
    gable_error e = {0};
    assert_ok(ops_infer(g, &e), &e);
    graph_output(g, n->out[output]);
    assert_ok(reference_run(g, NULL, (const float *const[]){image}, got, NULL, &e), &e);
    for (count i = 0; i < tensor_elements(n->out[output]); i++)
        if (fabs(got[i] - expected[i]) > 1e-12) fail_msg("element %d is %g, not %g", (int)i, got[i], expected[i]);
    graph_free(g);
}

static void swish_is_x_times_its_sigmoid(void **state)
{
    (void)state;
    struct node *n = NULL;
    struct graph *g = graph_of(&n, "", "Swish", 1);
    double expected[12];
    for (int i = 0; i < 12; i++) expected[i] = i / (1 + exp(-i));
    compare(g, n, 0, expected);
}

/* 3 rows into 2: rows 0-1 and 1-2; 4 columns into 3: 0-1, 1-2, 2-3. Means of four values each. */
static void adaptive_bins_overlap(void **state)
{
    (void)state;
    struct node *n = NULL;
    struct graph *g = graph_of(&n, "ai.gable", "AdaptiveAveragePool", 1);
    node_set_ints(g, n, "output_size", 2, (const int64_t[]){2, 3});
    compare(g, n, 0, (const double[]){2.5, 3.5, 4.5, 6.5, 7.5, 8.5});
}

/* Columns of 4 in two halves: the second holds columns 2 and 3. */
static void split_cuts_an_axis(void **state)
{
    (void)state;
    struct node *n = NULL;
    struct graph *g = graph_of(&n, "", "Split", 2);
    node_set_int(g, n, "axis", 3);
    node_set_int(g, n, "num_outputs", 2);
    compare(g, n, 1, (const double[]){2, 3, 6, 7, 10, 11});
}

/* Two channels, each its own group; a window of two taps, two columns apart; the sums are written out below. */
static void groups_and_dilation_of_a_convolution(void **state)
{
    (void)state;
    struct graph *g = graph_new("test", "test", 1 << 20);
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 1, 3});
    struct tensor *k = graph_input(g, "k", DTYPE_F32, 4, (const int64_t[]){2, 1, 1, 2});
    struct tensor *b = graph_input(g, "b", DTYPE_F32, 1, (const int64_t[]){2});
    struct node *n = graph_node(g, "Conv", "", "n", NULL, 3, (struct tensor *[]){x, k, b}, 1);
    node_set_ints(g, n, "kernel_shape", 2, (const int64_t[]){1, 2});
    node_set_ints(g, n, "dilations", 2, (const int64_t[]){1, 2});
    node_set_int(g, n, "group", 2);
    graph_output(g, n->out[0]);
    gable_error e = {0};
    double got[2];
    assert_ok(ops_infer(g, &e), &e);
    const float values[] = {1, 2, 3, 10, 20, 30}, taps[] = {2, 7, 1, -1}, bias[] = {1, 0};
    assert_ok(reference_run(g, NULL, (const float *const[]){values, taps, bias}, got, NULL, &e), &e);
    assert_true(got[0] == 1 * 2 + 3 * 7 + 1 && got[1] == 10 * 1 - 30 * 1 + 0);
    graph_free(g);
}

static void values_out_of_range_are_counted(void **state)
{
    (void)state;
    struct graph *g = graph_new("test", "test", 1 << 20);
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 2, (const int64_t[]){1, 4});
    struct node *n = graph_node(g, "Identity", "", "n", NULL, 1, &x, 1);
    graph_output(g, n->out[0]);
    gable_error e = {0};
    double got[4];
    struct reference_range range;
    assert_ok(ops_infer(g, &e), &e);
    const float values[] = {0, 1e-39f, INFINITY, NAN};
    assert_ok(reference_run(g, NULL, (const float *const[]){values}, got, &range, &e), &e);
    assert_int_equal(range.not_finite, 2);
    assert_int_equal(range.denormal, 1);
    graph_free(g);
}

static void distance_is_relative_and_keeps_nan(void **state)
{
    (void)state;
    assert_true(reference_distance((const float[]){1, 2, 3}, (const double[]){1, 4, 3}, 3) == 0.5);
    assert_true(isnan(reference_distance((const float[]){1, NAN, 3}, (const double[]){1, 4, 3}, 3)));
}

static void what_is_not_here_is_an_error(void **state)
{
    (void)state;
    struct node *n = NULL;
    struct graph *g = graph_of(&n, "", "Erf", 1);
    gable_error e = {0};
    double got[12];
    assert_ok(ops_infer(g, &e), &e);
    graph_output(g, n->out[0]);
    assert_int_equal(reference_run(g, NULL, (const float *const[]){image}, got, NULL, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "lacks Erf");
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_gives_what_onnx_ships),
        cmocka_unit_test(swish_is_x_times_its_sigmoid),
        cmocka_unit_test(adaptive_bins_overlap),
        cmocka_unit_test(split_cuts_an_axis),
        cmocka_unit_test(groups_and_dilation_of_a_convolution),
        cmocka_unit_test(values_out_of_range_are_counted),
        cmocka_unit_test(distance_is_relative_and_keeps_nan),
        cmocka_unit_test(what_is_not_here_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
