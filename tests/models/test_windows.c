/* Convolutions of one and three dimensions, transposed ones, Resize: each a model of two layers. */
#include "check.h"
#include "small.h"

#include <math.h>

enum { AXES = 3, VALUES_MAX = 4096 };

/* A stack of volumes; planes and lines have dimensions of 1 in front. */
struct volume {
    int channels, size[AXES];
    double at[VALUES_MAX];
};
static int64_t voxels(const struct volume *v) { return (int64_t)v->size[0] * v->size[1] * v->size[2]; }
static double *voxel(struct volume *v, int channel, const int *at)
{
    return &v->at[((channel * v->size[0] + at[0]) * v->size[1] + at[1]) * v->size[2] + at[2]];
}
static void read_input(struct volume *x)
{
    for (int64_t i = 0; i < x->channels * voxels(x); i++) x->at[i] = small_x(i);
}

struct window {
    int size[AXES], stride[AXES], pad[AXES], dilation[AXES];
};
static bool next(int *at, const int *size)
{
    for (int i = AXES - 1; i >= 0; i--) {
        if (++at[i] < size[i]) return true;
        at[i] = 0;
    }
    return false;
}
static int64_t taps_of(const struct window *w) { return (int64_t)w->size[0] * w->size[1] * w->size[2]; }

static double convolved_at(struct volume *x, const struct window *w, const struct tensor *weight, int channel,
                           const int *at)
{
    double sum = 0;
    for (int c = 0; c < x->channels; c++) {
        int tap[AXES] = {0}, from[AXES];
        int64_t k = 0;
        do {
            bool is_inside = true;
            for (int i = 0; i < AXES; i++) {
                from[i] = at[i] * w->stride[i] - w->pad[i] + tap[i] * w->dilation[i];
                is_inside = is_inside && from[i] >= 0 && from[i] < x->size[i];
            }
            if (is_inside) sum += *voxel(x, c, from) * small_w(weight, (channel * x->channels + c) * taps_of(w) + k);
            k++;
        } while (next(tap, w->size));
    }
    return sum;
}
static void convolve(struct volume *x, const struct window *w, const struct tensor *weight, const struct tensor *bias,
                     struct volume *y)
{
    for (int c = 0; c < y->channels; c++) {
        int at[AXES] = {0};
        do {
            *voxel(y, c, at) = convolved_at(x, w, weight, c, at) + small_w(bias, c);
        } while (next(at, y->size));
    }
}
static void rectify(struct volume *y)
{
    for (int64_t i = 0; i < y->channels * voxels(y); i++) y->at[i] = y->at[i] > 0 ? y->at[i] : 0;
}
static struct tensor *relu(struct graph *g, struct tensor *x) { return small_node(g, "Relu", 1, &x); }

/* 3 channels of 11: stride 2, dilation 2, pads 1: (11 + 2 - 5) / 2 + 1 = 5 outputs */
static void a_convolution_of_lines(void **state)
{
    (void)state;
    static struct volume x = {.channels = 3, .size = {1, 1, 11}}, y = {.channels = 4, .size = {1, 1, 5}};
    const struct window w = {{1, 1, 3}, {1, 1, 2}, {0, 0, 1}, {1, 1, 2}};
    struct graph *g = small_new();
    struct tensor *weight = small_weights(g, 3, (const int64_t[]){4, 3, 3});
    struct tensor *bias = small_weights(g, 1, (const int64_t[]){4});
    struct tensor *in[] = {small_input(g, 3, (const int64_t[]){1, 3, 11}), weight, bias};
    struct tensor *t = small_node(g, "Conv", 3, in);
    node_set_ints(g, t->producer, "strides", 1, (const int64_t[]){2});
    node_set_ints(g, t->producer, "dilations", 1, (const int64_t[]){2});
    node_set_ints(g, t->producer, "pads", 2, (const int64_t[]){1, 1});
    read_input(&x);
    convolve(&x, &w, weight, bias, &y);
    rectify(&y);
    small_check(g, relu(g, t), (count)4 * 5 * 3 * 3, 4 * 5, y.at, 1e-5);
}

/* 2 channels of 4 x 5 x 6, kernel 3 x 2 x 3 with pads 1, 0, 1, strides 1, 1, 2: 4 x 4 x 3 */
static void a_convolution_of_volumes(void **state)
{
    (void)state;
    static struct volume x = {.channels = 2, .size = {4, 5, 6}}, y = {.channels = 3, .size = {4, 4, 3}};
    const struct window w = {{3, 2, 3}, {1, 1, 2}, {1, 0, 1}, {1, 1, 1}};
    struct graph *g = small_new();
    struct tensor *weight = small_weights(g, 5, (const int64_t[]){3, 2, 3, 2, 3});
    struct tensor *bias = small_weights(g, 1, (const int64_t[]){3});
    struct tensor *in[] = {small_input(g, 5, (const int64_t[]){1, 2, 4, 5, 6}), weight, bias};
    struct tensor *t = small_node(g, "Conv", 3, in);
    node_set_ints(g, t->producer, "strides", 3, (const int64_t[]){1, 1, 2});
    node_set_ints(g, t->producer, "pads", 6, (const int64_t[]){1, 0, 1, 1, 0, 1});
    read_input(&x);
    convolve(&x, &w, weight, bias, &y);
    rectify(&y);
    small_check(g, relu(g, t), (count)3 * (4 * 4 * 3) * 2 * (3 * 2 * 3), 3 * 4 * 4 * 3, y.at, 1e-5);
}

/* Every input adds its kernel to the outputs: 2 channels of 3 x 4, kernel 3 x 3, stride 2, pads 1, one row and column
   more: (3 - 1) 2 - 2 + 3 + 1 = 6 by 8 */
static void a_transposed_convolution(void **state)
{
    (void)state;
    enum { IN = 2, OUT = 3, ROWS = 3, COLUMNS = 4, KERNEL = 3 };
    double want[OUT][2 * ROWS][2 * COLUMNS] = {{{0}}};
    struct graph *g = small_new();
    struct tensor *weight = small_weights(g, 4, (const int64_t[]){IN, OUT, KERNEL, KERNEL});
    struct tensor *in[] = {small_input(g, 4, (const int64_t[]){1, IN, ROWS, COLUMNS}), weight};
    struct tensor *t = small_node(g, "ConvTranspose", 2, in);
    node_set_ints(g, t->producer, "strides", 2, (const int64_t[]){2, 2});
    node_set_ints(g, t->producer, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    node_set_ints(g, t->producer, "output_padding", 2, (const int64_t[]){1, 1});
    for (int i = 0; i < IN * ROWS * COLUMNS; i++)
        for (int k = 0; k < OUT * KERNEL * KERNEL; k++) {
            int row = i / COLUMNS % ROWS * 2 - 1 + k / KERNEL % KERNEL, column = i % COLUMNS * 2 - 1 + k % KERNEL;
            if (row < 0 || row >= 2 * ROWS || column < 0 || column >= 2 * COLUMNS) continue;
            int channel = k / (KERNEL * KERNEL);
            want[channel][row][column] +=
                small_x(i) * small_w(weight, i / (ROWS * COLUMNS) * OUT * KERNEL * KERNEL + k);
        }
    small_check(g, t, (count)IN * ROWS * COLUMNS * OUT * KERNEL * KERNEL, OUT * 4 * ROWS * COLUMNS, &want[0][0][0],
                1e-5);
}

/* A point of the middle of pixel i of the doubled plane lies at i / 2 - 1/4 of the plane; beyond its border it ends. */
static double between(int64_t plane, int rows, int columns, double row, double column)
{
    double sum = 0;
    row = row < 0 ? 0 : row > rows - 1 ? rows - 1 : row;
    column = column < 0 ? 0 : column > columns - 1 ? columns - 1 : column;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            double down = 1 - fabs(row - i), along = 1 - fabs(column - j);
            if (down > 0 && along > 0) sum += down * along * small_x((plane * rows + i) * columns + j);
        }
    return sum;
}
static void a_resized_plane(void **state)
{
    (void)state;
    enum { PLANES = 2, ROWS = 3, COLUMNS = 4 };
    static double want[PLANES * 4 * ROWS * COLUMNS];
    struct graph *g = small_new();
    static const double factors[] = {1, 1, 2, 2};
    struct tensor *scales = small_weights(g, 1, (const int64_t[]){4});
    scales->reals = factors;
    struct tensor *in[] = {small_input(g, 4, (const int64_t[]){1, PLANES, ROWS, COLUMNS}), graph_absent(g), scales};
    struct tensor *t = small_node(g, "Resize", 3, in);
    node_set_string(g, t->producer, "mode", "linear");
    for (int i = 0; i < PLANES * 4 * ROWS * COLUMNS; i++) {
        int row = i / (2 * COLUMNS) % (2 * ROWS), column = i % (2 * COLUMNS);
        want[i] = between(i / (4 * ROWS * COLUMNS), ROWS, COLUMNS, row / 2.0 - 0.25, column / 2.0 - 0.25);
    }
    small_check(g, t, 0, PLANES * 4 * ROWS * COLUMNS, want, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_convolution_of_lines),
        cmocka_unit_test(a_convolution_of_volumes),
        cmocka_unit_test(a_transposed_convolution),
        cmocka_unit_test(a_resized_plane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
