#include "ops/window.h"

#include <inttypes.h>
#include <string.h>

/* Beyond this no attribute of a window means anything, and sums of three of them cannot overflow. */
#define WINDOW_MAX ((int64_t)1 << 31)

static gable_status read_kernel(const struct node *n, const int64_t *weight_kernel, struct window *w, gable_error *e)
{
    if (!weight_kernel && !node_attribute(n, "kernel_shape"))
        return error_set(e, GABLE_BAD_INPUT, "kernel_shape is missing");
    gable_status s = rule_ints(n, "kernel_shape", w->rank, 1, 1, WINDOW_MAX, w->kernel, e);
    if (s || !weight_kernel) return s;
    for (int i = 0; i < w->rank; i++) {
        if (weight_kernel[i] < 1 || weight_kernel[i] > WINDOW_MAX)
            return error_set(e, GABLE_BAD_INPUT, "the weight's kernel is %" PRId64 " wide, it must be 1 to 2^31",
                             weight_kernel[i]);
        if (node_attribute(n, "kernel_shape") && w->kernel[i] != weight_kernel[i])
            return error_set(e, GABLE_BAD_INPUT, "kernel_shape says %" PRId64 ", the weight %" PRId64, w->kernel[i],
                             weight_kernel[i]);
        w->kernel[i] = weight_kernel[i];
    }
    return GABLE_OK;
}

static int64_t extent(const struct window *w, int i) { return w->dilation[i] * (w->kernel[i] - 1) + 1; }

/* auto_pad SAME: as many positions as ceil(size / stride); the odd pixel goes to the end (UPPER) or the begin. */
static void pad_same(struct window *w, const struct shape *x, bool is_upper)
{
    for (int i = 0; i < w->rank; i++) {
        int64_t size = x->dim[2 + i], positions = (size + w->stride[i] - 1) / w->stride[i];
        int64_t needed = (positions - 1) * w->stride[i] + extent(w, i) - size;
        int64_t total = needed > 0 ? needed : 0;
        w->begin[i] = is_upper ? total / 2 : total - total / 2;
        w->end[i] = total - w->begin[i];
    }
}

static gable_status read_pads(const struct node *n, const struct shape *x, struct window *w, gable_error *e)
{
    const struct attribute *a = node_attribute(n, "auto_pad");
    const char *mode = a && a->type == ATTRIBUTE_STRING ? a->s : "NOTSET";
    if (a && a->type != ATTRIBUTE_STRING) return error_set(e, GABLE_BAD_INPUT, "auto_pad must be a string");
    if (!strcmp(mode, "VALID")) return GABLE_OK;
    if (!strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER")) {
        pad_same(w, x, !strcmp(mode, "SAME_UPPER"));
        return GABLE_OK;
    }
    if (strcmp(mode, "NOTSET")) return error_set(e, GABLE_BAD_INPUT, "auto_pad is '%.40s', which ONNX lacks", mode);
    int64_t pads[2 * SHAPE_RANK_MAX];
    gable_status s = rule_ints(n, "pads", 2 * w->rank, 0, 0, WINDOW_MAX, pads, e);
    for (int i = 0; i < w->rank && !s; i++) {
        w->begin[i] = pads[i];
        w->end[i] = pads[w->rank + i];
    }
    return s;
}

gable_status window_read(const struct node *n, const struct shape *x, const int64_t *weight_kernel, struct window *w,
                         gable_error *e)
{
    memset(w, 0, sizeof *w);
    if (x->rank < 3) return error_set(e, GABLE_BAD_INPUT, "input 0 has %d dimensions, at least 3 are needed", x->rank);
    w->rank = x->rank - 2;
    int64_t ceil_mode = 0;
    gable_status s = read_kernel(n, weight_kernel, w, e);
    if (!s) s = rule_ints(n, "strides", w->rank, 1, 1, WINDOW_MAX, w->stride, e);
    if (!s) s = rule_ints(n, "dilations", w->rank, 1, 1, WINDOW_MAX, w->dilation, e);
    if (!s) s = rule_int(n, "ceil_mode", 0, 0, 1, &ceil_mode, e);
    for (int i = 0; i < w->rank && !s; i++)
        if (count_mul(w->dilation[i], w->kernel[i]) > DIM_MAX)
            s = error_set(e, GABLE_BAD_INPUT, "kernel %" PRId64 " with dilation %" PRId64 " is too large", w->kernel[i],
                          w->dilation[i]);
    if (!s) s = read_pads(n, x, w, e);
    w->ceil_mode = ceil_mode;
    return s;
}

/* b > 0 */
static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

gable_status window_positions(const struct window *w, int i, int64_t size, int64_t *out, gable_error *e)
{
    int64_t padded = size + w->begin[i] + w->end[i], room = padded - extent(w, i), stride = w->stride[i];
    *out = floor_div(room + (w->ceil_mode ? stride - 1 : 0), stride) + 1;
    /* With ceil_mode the last window may hang over the end, but must begin inside the input or its left padding. */
    if (w->ceil_mode && (*out - 1) * stride >= size + w->begin[i]) --*out;
    if (*out >= 1) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT,
                     "a window of %" PRId64 " does not fit into %" PRId64 " pixels (with padding): the input is "
                     "too small",
                     extent(w, i), padded);
}
