/* Poolings, and what only moves data: channels that are split, joined or shuffled are only noted, and brought together
   where somebody reads them. */
#include "engine/train/lower.h"

static int at(const struct node *n, const char *name, int i, int fallback)
{
    return (int)node_int_at(n, name, i, fallback);
}
enum { MOST_WINDOW = 16 }; /* rows and columns: a position is a byte */
struct window_rule {
    bool is_adaptive, counts_padding;
    int kernel[2], stride[2], dilation[2], pad[2], pad_end[2];
};
static gable_status read_rule(const struct node *n, struct window_rule *w, gable_error *e)
{
    *w = (struct window_rule){.is_adaptive = node_is(n, "AdaptiveAveragePool"),
                              .counts_padding = node_int(n, "count_include_pad", 0) != 0};
    const struct attribute *pad = node_attribute(n, "auto_pad");
    if (pad && pad->s && pad->s[0] == 'S') return error_set(e, GABLE_BAD_INPUT, "auto_pad is not trained here");
    for (int i = 0; i < 2; i++) {
        w->kernel[i] = at(n, "kernel_shape", i, 1);
        w->stride[i] = at(n, "strides", i, 1);
        w->dilation[i] = at(n, "dilations", i, 1);
        w->pad[i] = at(n, "pads", i, 0);
        w->pad_end[i] = at(n, "pads", i + 2, 0);
        if (w->dilation[i] != 1) return error_set(e, GABLE_BAD_INPUT, "dilated windows are not trained here");
    }
    return GABLE_OK;
}
/* Rows or columns of output i, cut to the input; *share: how many it divides by. */
static struct span window_span(const struct window_rule *w, int axis, int i, int size, int outputs, int *share)
{
    struct span s;
    if (w->is_adaptive) {
        s = (struct span){(int)((long)i * size / outputs), (int)(((long)(i + 1) * size + outputs - 1) / outputs)};
        *share = s.last - s.first;
        return s;
    }
    int first = i * w->stride[axis] - w->pad[axis], last = first + w->kernel[axis];
    int padded = last < size + w->pad_end[axis] ? last : size + w->pad_end[axis];
    s = (struct span){first < 0 ? 0 : first, last < size ? last : size};
    *share = w->counts_padding ? padded - first : s.last - s.first;
    return s;
}
gable_status train_pool(struct lowering *l, const struct node *n, gable_error *e)
{
    struct window_rule w;
    gable_status s = read_rule(n, &w, e);
    if (s) return s;
    if (n->in[0]->shape.rank != 4 || n->n_out != 1)
        return error_set(e, GABLE_BAD_INPUT, "training pools images into one output only");
    if (w.is_adaptive && shape_equal(&n->in[0]->shape, &n->out[0]->shape)) {
        train_share(l, n->in[0], n->out[0]);
        return GABLE_OK;
    }
    if (w.kernel[0] > MOST_WINDOW || w.kernel[1] > MOST_WINDOW)
        return error_set(e, GABLE_BAD_INPUT, "windows of more than %d are not trained here", MOST_WINDOW);
    struct value *x = train_blocks(l, n->in[0]), *y = train_value(l, n->out[0]);
    struct part *p = train_part(l, &part_pool, n, 1, &x, y);
    if (!p) return train_no_memory(l, e);
    size_t pixels = (size_t)value_pixels(y);
    p->pool = node_is(n, "MaxPool") ? POOL_MAX : POOL_AVERAGE;
    p->windows = arena_array(l->plan->memory, pixels, sizeof *p->windows);
    p->window_share = arena_array(l->plan->memory, pixels, sizeof *p->window_share);
    if (!p->windows || !p->window_share) return train_no_memory(l, e);
    for (int i = 0; i < y->height; i++)
        for (int k = 0; k < y->width; k++) {
            int rows, columns;
            struct span r = window_span(&w, 0, i, x->height, y->height, &rows);
            struct span c = window_span(&w, 1, k, x->width, y->width, &columns);
            p->windows[i * y->width + k] = (struct pool_window){r.first, r.last, c.first, c.last};
            p->window_share[i * y->width + k] = 1.0f / (float)(rows * columns);
        }
    train_hold(l, n->out[0], y);
    return GABLE_OK;
}

gable_status train_mean(struct lowering *l, const struct node *n, gable_error *e)
{
    const struct tensor *x = n->in[0], *y = n->out[0];
    count pixels = x->shape.rank == 4 ? count_mul(x->shape.dim[2], x->shape.dim[3]) : 0;
    bool is_whole = pixels > 0 && tensor_elements(y) * pixels == tensor_elements(x) && y->shape.rank >= 2 &&
                    y->shape.dim[0] == x->shape.dim[0] && y->shape.dim[1] == x->shape.dim[1];
    if (!is_whole) return error_set(e, GABLE_BAD_INPUT, "only means over whole images are trained here");
    struct value *in = train_blocks(l, x), *out = train_value(l, y);
    if (!train_part(l, &part_mean, n, 1, &in, out)) return train_no_memory(l, e);
    train_hold(l, y, out);
    return GABLE_OK;
}

gable_status train_identity(struct lowering *l, const struct node *n, gable_error *e)
{
    (void)e;
    train_share(l, n->in[0], n->out[0]);
    return GABLE_OK;
}

/* Channel c of what stands for a tensor. */
static struct source source_of(const struct held *h, int c)
{
    return h->sources ? h->sources[c] : (struct source){.value = h->value, .channel = c};
}
static gable_status hold_sources(struct lowering *l, const struct tensor *t, const struct held *like, int channels,
                                 struct source **out, gable_error *e)
{
    *out = arena_array(l->plan->memory, (size_t)channels, sizeof **out);
    if (!*out) return train_no_memory(l, e);
    l->held[t->index] = (struct held){
        .sources = *out, .channels = channels, .height = like->height, .width = like->width, .is_there = true};
    return GABLE_OK;
}
/* The model's input is in no blocks yet. */
static gable_status in_blocks(struct lowering *l, const struct tensor *t, gable_error *e)
{
    const struct held *h = &l->held[t->index];
    if (!h->is_there) return error_set(e, GABLE_BAD_INPUT, "its input %s is not made by what can be trained", t->name);
    return h->value && h->value->input >= 0 && !train_blocks(l, t) ? train_no_memory(l, e) : GABLE_OK;
}
static bool is_of_channels(const struct node *n)
{
    int64_t axis = node_int(n, "axis", 0);
    return axis == 1 || axis == 1 - n->in[0]->shape.rank;
}
gable_status train_concat(struct lowering *l, const struct node *n, gable_error *e)
{
    struct source *to;
    int c = 0;
    if (!is_of_channels(n)) return error_set(e, GABLE_BAD_INPUT, "only channels are joined here");
    for (int i = 0; i < n->n_in; i++) {
        gable_status s = in_blocks(l, n->in[i], e);
        if (s) return s;
    }
    gable_status s = hold_sources(l, n->out[0], &l->held[n->in[0]->index], (int)n->out[0]->shape.dim[1], &to, e);
    for (int i = 0; !s && i < n->n_in; i++) {
        const struct held *h = &l->held[n->in[i]->index];
        for (int k = 0; k < h->channels; k++) to[c++] = source_of(h, k);
    }
    return s;
}
gable_status train_split(struct lowering *l, const struct node *n, gable_error *e)
{
    int c = 0;
    if (!is_of_channels(n)) return error_set(e, GABLE_BAD_INPUT, "only channels are split here");
    gable_status s = in_blocks(l, n->in[0], e);
    for (int i = 0; !s && i < n->n_out; i++) {
        const struct held *h = &l->held[n->in[0]->index];
        struct source *to;
        int channels = (int)n->out[i]->shape.dim[1];
        s = hold_sources(l, n->out[i], h, channels, &to, e);
        for (int k = 0; !s && k < channels; k++) to[k] = source_of(h, c++);
    }
    return s;
}

/* N x C x H x W -> N x g x C/g x H x W -> groups and channels change places -> N x C x H x W. */
static bool find_shuffle(const struct lowering *l, const struct node *n, const struct node **transpose,
                         const struct node **last)
{
    static const int perm[] = {0, 2, 1, 3, 4};
    const struct tensor *apart = n->out[0];
    if (n->in[0]->shape.rank != 4 || apart->shape.rank != 5) return false;
    for (int i = 2; i < 4; i++)
        if (apart->shape.dim[i + 1] != n->in[0]->shape.dim[i]) return false;
    *transpose = train_only_reader(l, apart);
    if (!*transpose || !node_is(*transpose, "Transpose")) return false;
    for (int i = 0; i < 5; i++)
        if (at(*transpose, "perm", i, -1) != perm[i]) return false;
    *last = train_only_reader(l, (*transpose)->out[0]);
    return *last && node_is(*last, "Reshape") && shape_equal(&(*last)->out[0]->shape, &n->in[0]->shape);
}
static gable_status shuffle(struct lowering *l, const struct node *n, const struct node *transpose,
                            const struct node *last, gable_error *e)
{
    struct source *to;
    int groups = (int)n->out[0]->shape.dim[1], each = (int)n->out[0]->shape.dim[2];
    gable_status s = in_blocks(l, n->in[0], e);
    const struct held h = l->held[n->in[0]->index];
    if (!s) s = hold_sources(l, last->out[0], &h, h.channels, &to, e);
    for (int c = 0; !s && c < h.channels; c++) to[c] = source_of(&h, c % groups * each + c / groups);
    l->is_taken[transpose->index] = l->is_taken[last->index] = true;
    return s;
}
gable_status train_reshape(struct lowering *l, const struct node *n, gable_error *e)
{
    const struct tensor *x = n->in[0], *y = n->out[0];
    const struct node *transpose, *last;
    const struct held *h = &l->held[x->index];
    int rank = y->shape.rank;
    bool is_batched = rank >= 2 && y->shape.dim[0] == l->plan->batch;
    if (shape_equal(&x->shape, &y->shape) ||
        (is_batched && h->height * h->width == 1 && y->shape.dim[1] == h->channels)) {
        train_share(l, x, y);
        return GABLE_OK;
    }
    if (find_shuffle(l, n, &transpose, &last)) return shuffle(l, n, transpose, last, e);
    if (!is_batched || rank != 2)
        return error_set(e, GABLE_BAD_INPUT, "only images into rows and shuffled channels are trained here");
    struct value *in = train_blocks(l, x), *out = train_value(l, y);
    if (!train_part(l, &part_flatten, n, 1, &in, out)) return train_no_memory(l, e);
    train_hold(l, y, out);
    return GABLE_OK;
}
