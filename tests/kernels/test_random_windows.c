/* Windows, edges and places drawn by a seeded stream, against the plainest loops over indices: convolutions, pooling,
   Pad, Gather, Resize. */
#include "check.h"
#include "trial.h"

#include <math.h>
#include <string.h>

/* Kernel, stride, dilation and pads of two dimensions; pads are narrower than the kernel. */
static void draw_window(struct trial *t)
{
    for (int i = 0; i < 2; i++) {
        t->window.kernel[i] = 1 + trial_below(t, 4);
        t->window.stride[i] = 1 + trial_below(t, 3);
        t->window.dilation[i] = 1 + trial_below(t, 2);
        t->window.pad[i] = trial_below(t, t->window.kernel[i]);
        t->window.pad[2 + i] = trial_below(t, t->window.kernel[i]);
        t->window.in[i] = (t->window.kernel[i] - 1) * t->window.dilation[i] + 1 + trial_below(t, 9);
    }
}
static void set_window(struct trial *t, bool has_dilation)
{
    node_set_ints(t->graph, t->node, "kernel_shape", 2, t->window.kernel);
    node_set_ints(t->graph, t->node, "strides", 2, t->window.stride);
    node_set_ints(t->graph, t->node, "pads", 4, t->window.pad);
    if (has_dilation) node_set_ints(t->graph, t->node, "dilations", 2, t->window.dilation);
}
static int64_t span_of(const struct trial *t, int i) { return (t->window.kernel[i] - 1) * t->window.dilation[i] + 1; }
static int64_t windows_of(const struct trial *t, int i)
{
    return (t->window.in[i] + t->window.pad[i] + t->window.pad[2 + i] - span_of(t, i)) / t->window.stride[i] + 1;
}

/* Groups of a few channels, one each too. */
static void draw_conv(struct trial *t)
{
    t->op = "Conv";
    t->rank = 4;
    draw_window(t);
    t->window.groups = 1 + trial_below(t, 5);
    int64_t images = 1 + trial_below(t, 2), in = 1 + trial_below(t, 5), out = 1 + trial_below(t, 5);
    const int64_t all_in = in * t->window.groups, all_out = out * t->window.groups;
    const int64_t x[] = {images, all_in, t->window.in[0], t->window.in[1]};
    const int64_t w[] = {all_out, in, t->window.kernel[0], t->window.kernel[1]};
    trial_input(t, 4, x);
    trial_input(t, 4, w);
    if (trial_below(t, 2)) trial_input(t, 1, &all_out);
    t->dim[0] = images;
    t->dim[1] = all_out;
    for (int i = 0; i < 2; i++) t->dim[2 + i] = windows_of(t, i);
    trial_node(t);
    set_window(t, true);
    node_set_int(t->graph, t->node, "group", t->window.groups);
}
static double expect_conv(const struct trial *t, const int64_t *at)
{
    int64_t in = t->in[1].dim[1], group = at[1] / (t->dim[1] / t->window.groups);
    double sum = t->n_in > 2 ? trial_element(&t->in[2], 1, &at[1]) : 0;
    for (int64_t c = 0; c < in; c++)
        for (int64_t ky = 0; ky < t->window.kernel[0]; ky++)
            for (int64_t kx = 0; kx < t->window.kernel[1]; kx++) {
                int64_t y = at[2] * t->window.stride[0] - t->window.pad[0] + ky * t->window.dilation[0];
                int64_t x = at[3] * t->window.stride[1] - t->window.pad[1] + kx * t->window.dilation[1];
                if (y < 0 || y >= t->window.in[0] || x < 0 || x >= t->window.in[1]) continue;
                sum += trial_element(&t->in[0], 4, (const int64_t[]){at[0], group * in + c, y, x}) *
                       trial_element(&t->in[1], 4, (const int64_t[]){at[1], c, ky, kx});
            }
    return sum;
}

/* Outputs beyond the last window: fewer than a stride or a dilation. */
static void draw_conv_transpose(struct trial *t)
{
    t->op = "ConvTranspose";
    t->rank = 4;
    draw_window(t);
    t->window.groups = 1 + trial_below(t, 4);
    int64_t images = 1 + trial_below(t, 2), in = 1 + trial_below(t, 5), out = 1 + trial_below(t, 5), more[2];
    const int64_t all_out = out * t->window.groups;
    const int64_t x[] = {images, in * t->window.groups, t->window.in[0], t->window.in[1]};
    const int64_t w[] = {x[1], out, t->window.kernel[0], t->window.kernel[1]};
    trial_input(t, 4, x);
    trial_input(t, 4, w);
    if (trial_below(t, 2)) trial_input(t, 1, &all_out);
    t->dim[0] = images;
    t->dim[1] = all_out;
    for (int i = 0; i < 2; i++) {
        more[i] = trial_below(t, t->window.stride[i]);
        t->dim[2 + i] = (t->window.in[i] - 1) * t->window.stride[i] + span_of(t, i) - t->window.pad[i] -
                        t->window.pad[2 + i] + more[i];
        if (t->dim[2 + i] > 0) continue;
        t->window.pad[i] = t->window.pad[2 + i] = 0;
        t->dim[2 + i] = (t->window.in[i] - 1) * t->window.stride[i] + span_of(t, i) + more[i];
    }
    trial_node(t);
    set_window(t, true);
    node_set_int(t->graph, t->node, "group", t->window.groups);
    node_set_ints(t->graph, t->node, "output_padding", 2, more);
}
/* The inputs whose windows, seen from the output, meet this place. */
static double expect_conv_transpose(const struct trial *t, const int64_t *at)
{
    int64_t out = t->in[1].dim[1], in = t->in[0].dim[1] / t->window.groups, group = at[1] / out;
    double sum = t->n_in > 2 ? trial_element(&t->in[2], 1, &at[1]) : 0;
    for (int64_t c = group * in; c < (group + 1) * in; c++)
        for (int64_t ky = 0; ky < t->window.kernel[0]; ky++)
            for (int64_t kx = 0; kx < t->window.kernel[1]; kx++) {
                int64_t y = at[2] + t->window.pad[0] - ky * t->window.dilation[0];
                int64_t x = at[3] + t->window.pad[1] - kx * t->window.dilation[1];
                if (y < 0 || x < 0 || y % t->window.stride[0] || x % t->window.stride[1]) continue;
                y /= t->window.stride[0];
                x /= t->window.stride[1];
                if (y >= t->window.in[0] || x >= t->window.in[1]) continue;
                sum += trial_element(&t->in[0], 4, (const int64_t[]){at[0], c, y, x}) *
                       trial_element(&t->in[1], 4, (const int64_t[]){c, at[1] % out, ky, kx});
            }
    return sum;
}

static void draw_pool(struct trial *t)
{
    t->op = trial_below(t, 2) ? "MaxPool" : "AveragePool";
    t->rank = 4;
    draw_window(t);
    if (t->op[0] == 'A') t->window.dilation[0] = t->window.dilation[1] = 1;
    for (int i = 0; i < 4; i++) { /* every window holds a place that exists */
        int64_t most = (t->window.kernel[i % 2] - 1) / 2;
        if (t->window.pad[i] > most) t->window.pad[i] = most;
    }
    const int64_t x[] = {1 + trial_below(t, 2), 1 + trial_below(t, 19), t->window.in[0], t->window.in[1]};
    t->keeps = trial_below(t, 2); /* counts its padding */
    trial_input(t, 4, x);
    memcpy(t->dim, x, sizeof x);
    for (int i = 0; i < 2; i++) t->dim[2 + i] = windows_of(t, i);
    trial_node(t);
    set_window(t, t->op[0] == 'M');
    if (t->op[0] == 'A') node_set_int(t->graph, t->node, "count_include_pad", t->keeps);
}
static double expect_pool(const struct trial *t, const int64_t *at)
{
    double most = -INFINITY, sum = 0, n = 0;
    for (int64_t ky = 0; ky < t->window.kernel[0]; ky++)
        for (int64_t kx = 0; kx < t->window.kernel[1]; kx++) {
            int64_t y = at[2] * t->window.stride[0] - t->window.pad[0] + ky * t->window.dilation[0];
            int64_t x = at[3] * t->window.stride[1] - t->window.pad[1] + kx * t->window.dilation[1];
            bool exists = y >= 0 && y < t->window.in[0] && x >= 0 && x < t->window.in[1];
            n += exists || t->keeps;
            if (!exists) continue;
            double v = trial_element(&t->in[0], 4, (const int64_t[]){at[0], at[1], y, x});
            sum += v;
            most = v > most ? v : most;
        }
    return t->op[0] == 'M' ? most : sum / n;
}

static void draw_pad(struct trial *t)
{
    static const char *const modes[] = {"constant", "edge", "reflect"};
    int64_t dim[RANK_MAX], pads[2 * RANK_MAX];
    t->op = "Pad";
    t->mode = modes[trial_below(t, 3)];
    t->rank = 1 + (int)trial_below(t, RANK_MAX);
    trial_dims(t, t->rank, 1, dim);
    for (int i = 0; i < t->rank; i++) {
        for (int side = 0; side < 2; side++)
            pads[side * t->rank + i] = trial_below(t, t->mode[0] == 'r' ? dim[i] : 4); /* reflections do not meet */
        t->start[i] = pads[i];
        t->dim[i] = dim[i] + pads[i] + pads[t->rank + i];
    }
    trial_input(t, t->rank, dim);
    trial_node(t);
    trial_constant(t, 2 * t->rank, pads);
    node_set_string(t->graph, t->node, "mode", t->mode);
}
static double expect_pad(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    for (int i = 0; i < t->rank; i++) {
        int64_t n = t->in[0].dim[i], k = at[i] - t->start[i];
        if (t->mode[0] == 'c' && (k < 0 || k >= n)) return 0;
        if (t->mode[0] == 'r') k = k < 0 ? -k : k >= n ? 2 * (n - 1) - k : k;
        from[i] = k < 0 ? 0 : k >= n ? n - 1 : k;
    }
    return trial_element(&t->in[0], t->rank, from);
}

/* Indices of one dimension, from the front and from the end. */
static void draw_gather(struct trial *t)
{
    int64_t dim[RANK_MAX], index[RANK_MAX];
    int rank = 1 + (int)trial_below(t, RANK_MAX), n = 1 + (int)trial_below(t, RANK_MAX);
    t->op = "Gather";
    t->rank = rank;
    trial_dims(t, rank, 1, dim);
    t->axis = (int)trial_below(t, rank);
    for (int i = 0; i < n; i++) {
        t->perm[i] = trial_below(t, dim[t->axis]);
        index[i] = trial_below(t, 2) ? t->perm[i] : t->perm[i] - dim[t->axis];
    }
    memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
    t->dim[t->axis] = n;
    trial_input(t, rank, dim);
    trial_node(t);
    trial_constant(t, n, index);
    node_set_int(t->graph, t->node, "axis", trial_below(t, 2) ? t->axis : t->axis - rank);
}
static double expect_gather(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    memcpy(from, at, (size_t)t->rank * sizeof *from);
    from[t->axis] = t->perm[at[t->axis]];
    return trial_element(&t->in[0], t->rank, from);
}

/* To sizes, larger or smaller; half_pixel, as PyTorch exports it. */
static void draw_resize(struct trial *t)
{
    t->op = "Resize";
    t->mode = trial_below(t, 2) ? "nearest" : "linear";
    t->rank = 4;
    const int64_t x[] = {1 + trial_below(t, 2), 1 + trial_below(t, 19), 1 + trial_below(t, 9), 1 + trial_below(t, 9)};
    memcpy(t->dim, x, sizeof x);
    for (int i = 0; i < 2; i++) {
        t->dim[2 + i] = 1 + trial_below(t, 20);
        t->scale[i] = (double)t->dim[2 + i] / (double)x[2 + i];
    }
    trial_input(t, 4, x);
    trial_node(t);
    struct tensor **in = arena_array(t->graph->arena, 4, sizeof(struct tensor *));
    in[0] = t->node->in[0];
    in[1] = in[2] = graph_absent(t->graph);
    in[3] = graph_constant_ints(t->graph, "sizes", 4, t->dim);
    t->node->in = in;
    t->node->n_in = 4;
    node_set_string(t->graph, t->node, "mode", t->mode);
}
static double expect_resize(const struct trial *t, const int64_t *at)
{
    const struct value *x = &t->in[0];
    int64_t place[2][2];
    double share[2], sum = 0;
    for (int i = 0; i < 2; i++) {
        double from = ((double)at[2 + i] + 0.5) / t->scale[i] - 0.5;
        bool is_nearest = t->mode[0] == 'n';
        double low = is_nearest ? ceil(from - 0.5) : floor(from); /* a half goes down */
        share[i] = is_nearest ? 0 : from - low;
        for (int k = 0; k < 2; k++) {
            int64_t p = (int64_t)low + k, last = x->dim[2 + i] - 1;
            place[i][k] = p < 0 ? 0 : p > last ? last : p;
        }
    }
    for (int k = 0; k < 4; k++)
        sum += (k / 2 ? share[0] : 1 - share[0]) * (k % 2 ? share[1] : 1 - share[1]) *
               trial_element(x, 4, (const int64_t[]){at[0], at[1], place[0][k / 2], place[1][k % 2]});
    return sum;
}

FAMILY(conv)
FAMILY(conv_transpose)
FAMILY(pool)
FAMILY(pad)
FAMILY(gather)
FAMILY(resize)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_of_any_shape),   cmocka_unit_test(conv_transpose_of_any_shape),
        cmocka_unit_test(pool_of_any_shape),   cmocka_unit_test(pad_of_any_shape),
        cmocka_unit_test(gather_of_any_shape), cmocka_unit_test(resize_of_any_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
