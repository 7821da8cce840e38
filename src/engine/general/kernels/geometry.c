#include "engine/general/kernels/geometry.h"

#include "ops/rule.h"
#include "ops/window.h"

#include <inttypes.h>
#include <string.h>

static gable_status read_window(struct call *c, const struct value *x, const int64_t *weight, struct window *w)
{
    const struct shape shape = {x->rank, x->dim};
    if (x->rank > 2 + SPACE)
        return call_refuse(c, "has %d spatial dimensions, this engine runs up to three", x->rank - 2);
    return window_read(c->node, &shape, weight, w, c->e);
}

static void fill(const struct window *w, const struct value *x, struct geometry *g)
{
    int front = SPACE - w->rank;
    for (int k = 0; k < front; k++) g->in[k] = g->out[k] = g->kernel[k] = g->stride[k] = g->dilation[k] = 1;
    for (int i = 0; i < w->rank; i++) {
        int k = front + i;
        g->in[k] = x->dim[2 + i];
        g->kernel[k] = w->kernel[i];
        g->stride[k] = w->stride[i];
        g->dilation[k] = w->dilation[i];
        g->begin[k] = w->begin[i];
        g->end[k] = w->end[i];
    }
}

gable_status geometry_read(struct call *c, const struct value *x, const int64_t *weight, struct geometry *g)
{
    struct window w;
    memset(g, 0, sizeof *g);
    gable_status s = read_window(c, x, weight, &w);
    if (s) return s;
    fill(&w, x, g);
    for (int i = 0; i < w.rank && !s; i++)
        s = window_positions(&w, i, x->dim[2 + i], &g->out[SPACE - w.rank + i], c->e);
    return s;
}

/* The padding that makes `full` pixels `wanted`: the odd one goes to the end under SAME_UPPER, else to the begin. */
static void pad_to(const struct node *n, struct geometry *g, int k, int64_t full, int64_t wanted)
{
    const struct attribute *mode = node_attribute(n, "auto_pad");
    bool is_upper = mode && mode->type == ATTRIBUTE_STRING && !strcmp(mode->s, "SAME_UPPER");
    int64_t total = full > wanted ? full - wanted : 0;
    g->begin[k] = is_upper ? total / 2 : total - total / 2;
    g->end[k] = total - g->begin[k];
    g->out[k] = wanted;
}

gable_status geometry_read_transposed(struct call *c, const struct value *x, const int64_t *weight, struct geometry *g)
{
    struct window w;
    int64_t extra[SHAPE_RANK_MAX], forced[SHAPE_RANK_MAX];
    memset(g, 0, sizeof *g);
    gable_status s = read_window(c, x, weight, &w);
    if (!s) s = rule_ints(c->node, "output_padding", w.rank, 0, 0, 1 << 30, extra, c->e);
    if (!s) s = rule_ints(c->node, "output_shape", w.rank, 0, 1, DIM_MAX, forced, c->e);
    if (s) return s;
    fill(&w, x, g);
    const struct attribute *mode = node_attribute(c->node, "auto_pad");
    bool is_same = mode && mode->type == ATTRIBUTE_STRING && !strncmp(mode->s, "SAME", 4);
    for (int i = 0; i < w.rank; i++) {
        int k = SPACE - w.rank + i;
        count full =
            count_add(count_mul(g->stride[k], g->in[k] - 1), extra[i] + g->dilation[k] * (g->kernel[k] - 1) + 1);
        if (g->in[k] < 1 || full > DIM_MAX) return call_refuse(c, "the output would be too wide");
        g->out[k] = full - g->begin[k] - g->end[k];
        if (forced[i] || is_same) pad_to(c->node, g, k, full, forced[i] ? forced[i] : g->in[k] * g->stride[k]);
        if (g->out[k] < 1) return call_refuse(c, "the output would be %" PRId64 " pixels wide", g->out[k]);
    }
    return GABLE_OK;
}

gable_status geometry_output(struct call *c, int i, const struct value *x, enum dtype d, int64_t channels,
                             const int64_t size[SPACE])
{
    int64_t dim[SHAPE_RANK_MAX] = {x->dim[0], channels};
    for (int k = 2; k < x->rank; k++) dim[k] = size[SPACE - x->rank + k];
    return call_make(c, i, d, x->rank, dim);
}

void geometry_span(const struct geometry *g, int k, int64_t tap, int64_t *first, int64_t *end)
{
    int64_t at = tap * g->dilation[k] - g->begin[k], stride = g->stride[k]; /* o reads in[o * stride + at] */
    *first = at >= 0 ? 0 : (-at + stride - 1) / stride;
    *end = at >= g->in[k] ? 0 : (g->in[k] - 1 - at) / stride + 1;
    if (*end > g->out[k]) *end = g->out[k];
    if (*first > *end) *first = *end;
}
