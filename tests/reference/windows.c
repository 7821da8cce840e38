#include "windows.h"

#include "operators.h"

#include <math.h>
#include <string.h>

const char *window_of(const struct node *n, const struct shape *x, struct window *w)
{
    const struct attribute *pad = node_attribute(n, "auto_pad");
    if (x->rank != 4) return "only images with two spatial dimensions";
    if (pad && strcmp(pad->s, "NOTSET") != 0) return "only padding that is written out";
    for (int i = 0; i < 2; i++) {
        w->kernel[i] = node_int_at(n, "kernel_shape", i, 0);
        w->stride[i] = node_int_at(n, "strides", i, 1);
        w->dilation[i] = node_int_at(n, "dilations", i, 1);
        w->begin[i] = node_int_at(n, "pads", i, 0);
        if (w->kernel[i] < 1) return "only kernels whose shape is written out";
    }
    return NULL;
}

int64_t window_position(const struct window *w, const struct shape *x, int direction, int64_t o, int64_t k)
{
    int64_t at = o * w->stride[direction] + k * w->dilation[direction] - w->begin[direction];
    return at < 0 || at >= x->dim[2 + direction] ? -1 : at;
}

/* What one window of a plane holds: its largest value, its sum, and how many values are no padding. */
struct pooled {
    double largest, sum;
    int64_t n;
};
static struct pooled pool(const struct window *w, const struct shape *x, const double *plane, int64_t row, int64_t col)
{
    struct pooled p = {-INFINITY, 0, 0};
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            int64_t y = window_position(w, x, 0, row, i), c = window_position(w, x, 1, col, j);
            if (y < 0 || c < 0) continue;
            double value = plane[y * x->dim[3] + c];
            p = (struct pooled){fmax(p.largest, value), p.sum + value, p.n + 1};
        }
    return p;
}

const char *reference_max_pool(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape, *y = &n->out[0]->shape;
    struct window w;
    const char *missing = window_of(n, x, &w);
    if (missing || n->n_out > 1) return missing ? missing : "only the values, not their places";
    for (int64_t plane = 0, o = 0; plane < y->dim[0] * y->dim[1]; plane++)
        for (int64_t row = 0; row < y->dim[2]; row++)
            for (int64_t col = 0; col < y->dim[3]; col++)
                out[0][o++] = pool(&w, x, in[0].value + plane * x->dim[2] * x->dim[3], row, col).largest;
    return NULL;
}

const char *reference_average_pool(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape, *y = &n->out[0]->shape;
    struct window w;
    const char *missing = window_of(n, x, &w);
    if (missing || node_int(n, "ceil_mode", 0)) return missing ? missing : "only windows inside the padded image";
    int64_t taps = w.kernel[0] * w.kernel[1], with_padding = node_int(n, "count_include_pad", 0);
    for (int64_t plane = 0, o = 0; plane < y->dim[0] * y->dim[1]; plane++)
        for (int64_t row = 0; row < y->dim[2]; row++)
            for (int64_t col = 0; col < y->dim[3]; col++) {
                struct pooled p = pool(&w, x, in[0].value + plane * x->dim[2] * x->dim[3], row, col);
                out[0][o++] = p.sum / (double)(with_padding ? taps : p.n);
            }
    return NULL;
}

const char *reference_global_average_pool(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape;
    int64_t size = (int64_t)shape_product(x, 2);
    (void)n;
    for (int64_t plane = 0; plane < x->dim[0] * x->dim[1]; plane++) {
        double sum = 0;
        for (int64_t i = 0; i < size; i++) sum += in[0].value[plane * size + i];
        out[0][plane] = sum / (double)size;
    }
    return NULL;
}

/* torch's AdaptiveAvgPool2d: output o of O is the mean over [floor(o H / O), ceil((o + 1) H / O)). */
const char *reference_adaptive_average_pool(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape, *y = &n->out[0]->shape;
    if (x->rank != 4) return "only images with two spatial dimensions";
    int64_t height = x->dim[2], width = x->dim[3];
    for (int64_t plane = 0, o = 0; plane < y->dim[0] * y->dim[1]; plane++)
        for (int64_t row = 0; row < y->dim[2]; row++)
            for (int64_t col = 0; col < y->dim[3]; col++) {
                int64_t top = row * height / y->dim[2], low = ((row + 1) * height + y->dim[2] - 1) / y->dim[2];
                int64_t left = col * width / y->dim[3], right = ((col + 1) * width + y->dim[3] - 1) / y->dim[3];
                double sum = 0;
                for (int64_t i = top; i < low; i++)
                    for (int64_t j = left; j < right; j++) sum += in[0].value[(plane * height + i) * width + j];
                out[0][o++] = sum / (double)((low - top) * (right - left));
            }
    return NULL;
}
