/* Signals: Fourier transforms, the windows before them, the filters after them. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

/* Bins of a transform of that length. */
static int64_t bins_of(int64_t length, int64_t is_onesided) { return is_onesided ? length / 2 + 1 : length; }

static gable_status check_complex(const struct shape *x, gable_error *e)
{
    if (x->rank >= 2 && (x->dim[x->rank - 1] == 1 || x->dim[x->rank - 1] == 2)) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "the last dimension must be 1 (real) or 2 (complex)");
}

/* Opset 17 names the axis in an attribute, 20 in an input. */
static gable_status dft_axis(const struct node *n, int rank, int *axis, gable_error *e)
{
    int64_t value = node_int(n, "axis", 1);
    gable_status s = rule_has(n, 2) ? rule_whole(n, 2, -rank, rank - 1, &value, e) : GABLE_OK;
    if (!s && (value < -rank || value >= rank))
        s = error_set(e, GABLE_BAD_INPUT, "axis is %" PRId64 ", the input has %d dimensions", value, rank);
    *axis = (int)(value < 0 ? value + rank : value);
    return s;
}

static gable_status dft_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX], onesided = 0, length = 0;
    int axis = 0;
    gable_status s = check_complex(x, e);
    if (!s) s = dft_axis(n, x->rank, &axis, e);
    if (!s) s = rule_int(n, "onesided", 0, 0, 1, &onesided, e);
    if (s) return s;
    length = x->dim[axis];
    if (rule_has(n, 1)) s = rule_whole(n, 1, 1, DIM_MAX, &length, e);
    memcpy(dim, x->dim, (size_t)x->rank * sizeof *dim);
    dim[axis] = bins_of(length, onesided);
    dim[x->rank - 1] = 2;
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* 5 n log2 n of a radix-2 transform, the logarithm rounded up. */
static count transform_flops(int64_t length)
{
    count steps = 0;
    while (steps < 62 && INT64_C(1) << steps < length) steps++;
    return count_mul(5, count_mul(length, steps));
}

static struct cost dft_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    gable_error ignored = {0};
    int axis = 0;
    int64_t length = 0;
    if (dft_axis(n, x->rank, &axis, &ignored)) return cost_none(n);
    length = x->dim[axis];
    if (rule_has(n, 1) && rule_whole(n, 1, 1, DIM_MAX, &length, &ignored)) return cost_none(n);
    count lines = 1;
    for (int i = 0; i < x->rank - 1; i++)
        if (i != axis) lines = count_mul(lines, x->dim[i]);
    return cost_flops(count_mul(lines, transform_flops(length)));
}

/* signal: N x L x 1 or 2; a frame every input-1 values, as long as the window or input 3 says. */
static gable_status stft_frame(const struct node *n, int64_t *step, int64_t *length, gable_error *e)
{
    gable_status s = rule_whole(n, 1, 1, DIM_MAX, step, e);
    if (s) return s;
    if (rule_has(n, 3)) return rule_whole(n, 3, 1, DIM_MAX, length, e);
    if (!rule_has(n, 2) || in_shape(n, 2)->rank != 1)
        return error_set(e, GABLE_BAD_INPUT, "neither a window nor frame_length says how long a frame is");
    *length = in_shape(n, 2)->dim[0];
    return GABLE_OK;
}

static gable_status stft_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t step = 1, length = 1, onesided = 1;
    gable_status s = check_complex(x, e);
    if (!s && x->rank != 3) s = error_set(e, GABLE_BAD_INPUT, "the signal has %d dimensions, 3 are needed", x->rank);
    if (!s) s = rule_int(n, "onesided", 1, 0, 1, &onesided, e);
    if (!s) s = stft_frame(n, &step, &length, e);
    if (s) return s;
    if (length < 1 || length > x->dim[1])
        return error_set(e, GABLE_BAD_INPUT, "a frame of %" PRId64 " values, the signal has %" PRId64, length,
                         x->dim[1]);
    const int64_t dim[] = {x->dim[0], (x->dim[1] - length) / step + 1, bins_of(length, onesided), 2};
    return rule_output(g, n, 0, n->in[0]->dtype, 4, dim, e);
}

static struct cost stft_cost(const struct node *n)
{
    int64_t step = 1, length = 1;
    gable_error ignored = {0};
    if (stft_frame(n, &step, &length, &ignored)) return cost_none(n);
    count frames = count_mul(out_shape(n, 0)->dim[0], out_shape(n, 0)->dim[1]);
    count each = count_add(transform_flops(length), rule_has(n, 2) ? length : 0);
    return cost_flops(count_mul(frames, each));
}

static gable_status window_shape(struct graph *g, struct node *n, gable_error *e)
{
    enum dtype d;
    int64_t size = 0;
    gable_status s = rule_dtype(n, "output_datatype", DTYPE_F32, &d, e);
    if (!s) s = rule_whole(n, 0, 0, DIM_MAX, &size, e);
    return s ? s : rule_output(g, n, 0, d, 1, &size, e);
}

static gable_status mel_shape(struct graph *g, struct node *n, gable_error *e)
{
    enum dtype d;
    int64_t bands = 0, length = 0;
    gable_status s = rule_dtype(n, "output_datatype", DTYPE_F32, &d, e);
    if (!s) s = rule_whole(n, 0, 0, DIM_MAX, &bands, e);
    if (!s) s = rule_whole(n, 1, 0, DIM_MAX, &length, e);
    const int64_t dim[] = {length / 2 + 1, bands};
    return s ? s : rule_output(g, n, 0, d, 2, dim, e);
}

static struct cost dft_gradient(const struct node *n, int input) { return input ? cost_none(n) : dft_cost(n); }

/* Each transforms dy; then the signal's meets the window, the window's the signal, and what frames share is added. */
static struct cost stft_gradient(const struct node *n, int input)
{
    int64_t step = 1, length = 1;
    gable_error ignored = {0};
    if ((input != 0 && input != 2) || stft_frame(n, &step, &length, &ignored)) return cost_none(n);
    count frames = count_mul(out_shape(n, 0)->dim[0], out_shape(n, 0)->dim[1]), values = count_mul(frames, length);
    count products = rule_has(n, 2) ? values : 0, sums = gradient_sums(values, tensor_elements(n->in[input]));
    return cost_flops(count_add(count_mul(frames, transform_flops(length)), count_add(products, sums)));
}

#define NO_GRADIENT .formula = "none: sizes and frequencies, no data"
#define ROW(op, least, most, rule, costs, each, certainly, how, ...)                                                 \
    {                                                                                                                \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {1, 1}, .shape = rule, .cost = costs, \
        .kind = KIND_OTHER, .per_element = each, .certainty = certainly, .formula = how, .train = {                  \
            __VA_ARGS__                                                                                              \
        }                                                                                                            \
    }

const struct op signal_ops[] = {
    ROW("DFT", 1, 3, dft_shape, dft_cost, 0, COST_EXACT, "5 n ceil(log2 n) per line of n: a fast transform",
        .gradient = dft_gradient, .formula = "as forward: the way back"),
    ROW("STFT", 2, 4, stft_shape, stft_cost, 0, COST_EXACT, "per frame of n: 5 n ceil(log2 n), + n with a window",
        .gradient = stft_gradient, .keep = KEEP_INPUTS,
        .formula = "signal, window: as forward each, + sums over what frames share"),
    ROW("HannWindow", 1, 1, window_shape, cost_per_output, 4, COST_EXACT,
        "4 per output: scale, cos, multiply, subtract", NO_GRADIENT),
    ROW("HammingWindow", 1, 1, window_shape, cost_per_output, 4, COST_EXACT,
        "4 per output: scale, cos, multiply, subtract", NO_GRADIENT),
    ROW("BlackmanWindow", 1, 1, window_shape, cost_per_output, 8, COST_EXACT,
        "8 per output: twice scale, cos, multiply; two sums", NO_GRADIENT),
    ROW("MelWeightMatrix", 5, 5, mel_shape, cost_per_output, 1, COST_BOUND, "1 comparison per output: a lower bound",
        NO_GRADIENT),
    {0},
};
