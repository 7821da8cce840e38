/* Fourier transforms. They are linear: what goes back is the transform by the conjugated matrix. */
#include "gradient/back.h"

enum { FRAMES_MAX = 1 << 24, AXIS_IS_INPUT = 20 }; /* values of all frames; opset */

struct transform {
    int axis;
    bool is_inverse, is_half; /* half of the bins: the others mirror them */
};
static term transformed(struct back *b, term x, const struct transform *how)
{
    const int64_t axis = how->axis;
    const term in[] = {x, graph_absent(b->g), back_ints(b, 1, &axis)};
    bool is_input = b->g->opset >= AXIS_IS_INPUT;
    struct node *n = back_node(b, "DFT", is_input ? 3 : 1, in, 1);
    if (!n) return NULL;
    if (!is_input) node_set_int(b->g, n, "axis", axis);
    node_set_int(b->g, n, "inverse", how->is_inverse);
    node_set_int(b->g, n, "onesided", how->is_half);
    return back_infer(b, n);
}

/* Zeros behind, or what is too much taken away. */
static term resized(struct back *b, term x, int axis, int64_t n)
{
    int64_t pads[2 * SHAPE_RANK_MAX] = {0};
    if (!x || x->shape.dim[axis] == n) return x;
    pads[x->shape.rank + axis] = n - x->shape.dim[axis];
    return MAKE(b, "Pad", x, back_ints(b, 2 * x->shape.rank, pads));
}

static struct transform transform_of(struct back *b, int64_t *length)
{
    const struct shape *x = &back_x(b, 0)->shape;
    bool is_input = b->g->opset >= AXIS_IS_INPUT;
    int64_t axis = is_input ? -2 : node_int(b->n, "axis", 1);
    if (is_input && back_has(b, 2)) b->status = rule_whole(b->n, 2, -x->rank, x->rank - 1, &axis, b->e);
    axis = axis < 0 ? axis + x->rank : axis;
    *length = x->dim[axis];
    if (back_has(b, 1) && !b->status) b->status = rule_whole(b->n, 1, 1, DIM_MAX, length, b->e);
    return (struct transform){(int)axis, node_int(b->n, "inverse", 0), node_int(b->n, "onesided", 0)};
}

/* Bins that forward left out have no gradient; of real numbers the imaginary part has none. */
static void back_dft(struct back *b)
{
    const struct shape *x = &back_x(b, 0)->shape;
    int64_t n = 0;
    struct transform forward = transform_of(b, &n), there = {forward.axis, !forward.is_inverse, false};
    term dy = forward.is_half ? resized(b, b->dy[0], forward.axis, n) : b->dy[0];
    term dx = back_scaled(b, transformed(b, dy, &there), forward.is_inverse ? 1 / (double)n : (double)n);
    dx = resized(b, dx, forward.axis, x->dim[forward.axis]);
    b->dx[0] = x->dim[x->rank - 1] == 1 ? back_slice(b, dx, x->rank - 1, 0, 1, 1) : dx;
}

/* Where each value of each frame lies: frames x length. */
static term places(struct back *b, int64_t frames, int64_t length, int64_t step)
{
    int64_t *at = arena_array(b->g->arena, (size_t)(frames * length) + 1, sizeof *at);
    for (int64_t i = 0; at && i < frames * length; i++) at[i] = i / length * step + i % length;
    term list = at ? back_ints(b, (int)(frames * length), at) : NULL;
    return back_reshape(b, list, 2, (const int64_t[]){frames, length});
}

static void define_stft(struct back *b, term *out)
{
    const int64_t frames = b->n->out[0]->shape.dim[1];
    const struct transform how = {.axis = 2, .is_half = node_int(b->n, "onesided", 1)};
    int64_t step = 1, length = back_has(b, 2) ? back_x(b, 2)->shape.dim[0] : 1;
    b->status = rule_whole(b->n, 1, 1, DIM_MAX, &step, b->e);
    if (!b->status && back_has(b, 3)) b->status = rule_whole(b->n, 3, 1, DIM_MAX, &length, b->e);
    if (count_mul(frames, length) > FRAMES_MAX) back_refuse(b, "its frames are more than %d values", FRAMES_MAX);
    if (b->status) return;
    struct node *n = back_node(b, "Gather", 2, (const term[]){back_x(b, 0), places(b, frames, length, step)}, 1);
    if (n) node_set_int(b->g, n, "axis", 1);
    term framed = back_infer(b, n);
    if (back_has(b, 2)) framed = MAKE(b, "Mul", framed, back_reshape(b, back_x(b, 2), 2, (const int64_t[]){length, 1}));
    out[0] = transformed(b, framed, &how);
}

const struct gradient_rule rules_signal[] = {
    {"DFT", DOMAIN_ONNX, .back = back_dft,
     .words = "the inverse transform of dy, n times; of an inverse one, its n-th"},
    {"STFT", DOMAIN_ONNX, .define = define_stft, .words = "that of the DFT of frames times the window"},
    {0},
};
