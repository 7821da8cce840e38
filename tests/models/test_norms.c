/* Normalisations as exporters write them, each with a product behind: an instance's planes, groups of channels, the
   last axis. The values that share a mean lie side by side in all of them. */
#include "check.h"
#include "small.h"

#include <math.h>

enum { IMAGES = 2, CHANNELS = 4, ROWS = 3, COLUMNS = 5, ALL = IMAGES * CHANNELS * ROWS * COLUMNS, OUT = 2 };
#define EPSILON 0.01

/* `length` values from `first` on, less their mean, over their deviation. */
static void normalise(double *y, int first, int length)
{
    double mean = 0, variance = 0;
    for (int i = first; i < first + length; i++) mean += small_x(i) / length;
    for (int i = first; i < first + length; i++) variance += (small_x(i) - mean) * (small_x(i) - mean) / length;
    for (int i = first; i < first + length; i++) y[i] = (small_x(i) - mean) / sqrt(variance + EPSILON);
}
static void normalise_all(double *y, int length)
{
    for (int first = 0; first < ALL; first += length) normalise(y, first, length);
}

static struct tensor *input(struct graph *g)
{
    return small_input(g, 4, (const int64_t[]){IMAGES, CHANNELS, ROWS, COLUMNS});
}
static struct tensor *pair(struct graph *g, const char *op, struct tensor *a, struct tensor *b)
{
    return small_node(g, op, 2, (struct tensor *[]){a, b});
}

/* Of the last axis by a matrix; y is what goes into it. */
static void check_with_product(struct graph *g, struct tensor *t, const double *y)
{
    double want[ALL / COLUMNS * OUT] = {0};
    struct tensor *w = small_weights(g, 2, (const int64_t[]){COLUMNS, OUT});
    for (int i = 0; i < ALL / COLUMNS * OUT; i++)
        for (int k = 0; k < COLUMNS; k++) want[i] += y[i / OUT * COLUMNS + k] * small_w(w, k * OUT + i % OUT);
    small_check(g, pair(g, "MatMul", t, w), (count)ALL * OUT, ALL / COLUMNS * OUT, want, 1e-5);
}

static void an_instance_normalisation(void **state)
{
    (void)state;
    double y[ALL];
    struct graph *g = small_new();
    struct tensor *scale = small_weights(g, 1, (const int64_t[]){CHANNELS});
    struct tensor *shift = small_weights(g, 1, (const int64_t[]){CHANNELS});
    struct tensor *t = small_node(g, "InstanceNormalization", 3, (struct tensor *[]){input(g), scale, shift});
    node_set_float(g, t->producer, "epsilon", EPSILON);
    normalise_all(y, ROWS * COLUMNS);
    for (int i = 0; i < ALL; i++) {
        int channel = i / (ROWS * COLUMNS) % CHANNELS;
        y[i] = y[i] * small_w(scale, channel) + small_w(shift, channel);
    }
    check_with_product(g, t, y);
}

/* Opset 17 has none: groups become channels of one long axis, normalised without scale, then scaled by channel. */
static void a_group_normalisation(void **state)
{
    (void)state;
    enum { GROUPS = 2 };
    static const double ones[GROUPS] = {1, 1}, zeros[GROUPS];
    static const int64_t apart[] = {IMAGES, GROUPS, -1}, back[] = {IMAGES, CHANNELS, ROWS, COLUMNS};
    double y[ALL];
    struct graph *g = small_new();
    struct tensor *scale = small_weights(g, 3, (const int64_t[]){CHANNELS, 1, 1});
    struct tensor *shift = small_weights(g, 3, (const int64_t[]){CHANNELS, 1, 1});
    struct tensor *one = small_weights(g, 1, (const int64_t[]){GROUPS});
    struct tensor *zero = small_weights(g, 1, (const int64_t[]){GROUPS});
    one->reals = ones;
    zero->reals = zeros;
    struct tensor *t = pair(g, "Reshape", input(g), small_ints(g, 3, apart));
    t = small_node(g, "InstanceNormalization", 3, (struct tensor *[]){t, one, zero});
    node_set_float(g, t->producer, "epsilon", EPSILON);
    t = pair(g, "Reshape", t, small_ints(g, 4, back));
    t = pair(g, "Add", pair(g, "Mul", t, scale), shift);
    normalise_all(y, CHANNELS / GROUPS * ROWS * COLUMNS);
    for (int i = 0; i < ALL; i++) {
        int channel = i / (ROWS * COLUMNS) % CHANNELS;
        y[i] = y[i] * small_w(scale, channel) + small_w(shift, channel);
    }
    check_with_product(g, t, y);
}

static struct tensor *mean(struct graph *g, struct tensor *x)
{
    struct tensor *t = small_node(g, "ReduceMean", 1, &x);
    node_set_ints(g, t->producer, "axes", 1, (const int64_t[]){-1});
    return t;
}
static void last_axis(double *y, const struct tensor *scale, const struct tensor *shift)
{
    normalise_all(y, COLUMNS);
    for (int i = 0; i < ALL; i++) y[i] = y[i] * small_w(scale, i % COLUMNS) + small_w(shift, i % COLUMNS);
}
static void a_layer_normalisation(void **state)
{
    (void)state;
    double y[ALL];
    struct graph *g = small_new();
    struct tensor *scale = small_weights(g, 1, (const int64_t[]){COLUMNS});
    struct tensor *shift = small_weights(g, 1, (const int64_t[]){COLUMNS});
    struct tensor *t = small_node(g, "LayerNormalization", 3, (struct tensor *[]){input(g), scale, shift});
    node_set_float(g, t->producer, "epsilon", EPSILON);
    last_axis(y, scale, shift);
    check_with_product(g, t, y);
}
static void a_layer_normalisation_written_out(void **state)
{
    (void)state;
    double y[ALL];
    struct graph *g = small_new();
    struct tensor *scale = small_weights(g, 1, (const int64_t[]){COLUMNS});
    struct tensor *shift = small_weights(g, 1, (const int64_t[]){COLUMNS}), *x = input(g);
    struct tensor *off = pair(g, "Sub", x, mean(g, x)), *two = graph_constant_real(g, "two", DTYPE_F32, 2);
    struct tensor *variance = mean(g, pair(g, "Pow", off, two));
    struct tensor *sum = pair(g, "Add", variance, graph_constant_real(g, "epsilon", DTYPE_F32, EPSILON));
    struct tensor *t = pair(g, "Div", off, small_node(g, "Sqrt", 1, &sum));
    t = pair(g, "Add", pair(g, "Mul", t, scale), shift);
    last_axis(y, scale, shift);
    check_with_product(g, t, y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_normalisation),
        cmocka_unit_test(a_group_normalisation),
        cmocka_unit_test(a_layer_normalisation),
        cmocka_unit_test(a_layer_normalisation_written_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
