/* LSTM, GRU, RNN: written out step by step; their gradients are those of the steps. */
#include "gradient/back.h"

#include <string.h>

enum { GATES = 4 };
struct layer {
    int gates, directions;
    int64_t steps, hidden;
    bool is_batch_first, is_linear_first, is_coupled;
    term x;       /* steps x batch x inputs */
    term lengths; /* batch x 1, or NULL */
    term zero;    /* batch x hidden */
    const char *squash[6];
};
struct direction {
    int i;
    bool is_reverse;
    term inputs;  /* of all steps: steps x batch x gates hidden */
    term r;       /* hidden x gates hidden */
    term late;    /* GRU's bias of the candidate's state, or NULL */
    term peep[3]; /* of input, output, forget gate, or NULL */
    term h, c;
};

static term part(struct back *b, term x, int axis, int64_t from, int64_t to)
{
    return back_slice(b, x, axis, from, to, 1);
}

/* One direction of W, R, B, P or a first state. */
static term of_direction(struct back *b, const struct layer *l, int input, int direction)
{
    if (!back_has(b, input)) return NULL;
    term t = back_x(b, input);
    bool is_state = input == 5 || input == 6;
    int axis = is_state && l->is_batch_first ? 1 : 0, n = 0;
    int64_t dim[SHAPE_RANK_MAX];
    for (int i = 0; i < t->shape.rank; i++)
        if (i != axis) dim[n++] = t->shape.dim[i];
    return back_reshape(b, part(b, t, axis, direction, direction + 1), n, dim);
}

static term reversed(struct back *b, const struct layer *l, term x)
{
    term lengths = l->lengths ? back_reshape(b, l->lengths, 1, &l->lengths->shape.dim[0]) : NULL;
    if (!lengths) return back_slice(b, x, 0, l->steps - 1, INT64_MIN + 1, -1);
    struct node *n = back_node(b, "ReverseSequence", 2, (const term[]){x, lengths}, 1);
    if (n) node_set_int(b->g, n, "time_axis", 0);
    if (n) node_set_int(b->g, n, "batch_axis", 1);
    return back_infer(b, n);
}

static term joined(struct back *b, int axis, int n, const term *parts)
{
    if (n == 1) return parts[0];
    struct node *node = back_node(b, "Concat", n, parts, 1);
    if (node) node_set_int(b->g, node, "axis", axis);
    return back_infer(b, node);
}

/* X W' and the biases, of all steps at once. */
static void sum_inputs(struct back *b, const struct layer *l, struct direction *d)
{
    int64_t width = l->gates * l->hidden;
    term x = d->is_reverse ? reversed(b, l, l->x) : l->x, bias = of_direction(b, l, 3, d->i);
    d->inputs = MAKE(b, "MatMul", x, back_swapped(b, of_direction(b, l, 1, d->i)));
    d->r = back_swapped(b, of_direction(b, l, 2, d->i));
    if (!bias) return;
    term of_w = part(b, bias, 0, 0, width), of_r = part(b, bias, 0, width, 2 * width);
    if (l->is_linear_first) {
        d->late = part(b, of_r, 0, 2 * l->hidden, width);
        const term parts[] = {part(b, of_r, 0, 0, 2 * l->hidden), back_scaled(b, d->late, 0)};
        of_r = joined(b, 0, 2, parts);
    }
    d->inputs = MAKE(b, "Add", MAKE(b, "Add", d->inputs, of_w), of_r);
}

static term gate(struct back *b, const struct layer *l, term sums, int i)
{
    return part(b, sums, 1, i * l->hidden, (i + 1) * l->hidden);
}

static term squashed(struct back *b, const struct layer *l, const struct direction *d, int which, term x)
{
    return back_make(b, l->squash[d->i * 3 + which], 1, &x);
}

static term peeped(struct back *b, term sum, term peep, term c)
{
    return peep ? MAKE(b, "Add", sum, MAKE(b, "Mul", peep, c)) : sum;
}

static term lstm_step(struct back *b, const struct layer *l, struct direction *d, term x, term *cell)
{
    term sums = MAKE(b, "Add", x, MAKE(b, "MatMul", d->h, d->r));
    term in = squashed(b, l, d, 0, peeped(b, gate(b, l, sums, 0), d->peep[0], d->c));
    term keep = l->is_coupled ? MAKE(b, "Sub", back_real(b, 1), in)
                              : squashed(b, l, d, 0, peeped(b, gate(b, l, sums, 2), d->peep[2], d->c));
    term fresh = squashed(b, l, d, 1, gate(b, l, sums, 3));
    *cell = MAKE(b, "Add", MAKE(b, "Mul", keep, d->c), MAKE(b, "Mul", in, fresh));
    term out = squashed(b, l, d, 0, peeped(b, gate(b, l, sums, 1), d->peep[1], *cell));
    return MAKE(b, "Mul", out, squashed(b, l, d, 2, *cell));
}

/* z r h; the candidate's state goes through the reset gate before or after its product. */
static term gru_step(struct back *b, const struct layer *l, struct direction *d, term x)
{
    int64_t both = 2 * l->hidden, width = 3 * l->hidden;
    term late = part(b, d->r, 1, both, width), candidate;
    term sums = MAKE(b, "Add", part(b, x, 1, 0, both), MAKE(b, "MatMul", d->h, part(b, d->r, 1, 0, both)));
    term update = squashed(b, l, d, 0, gate(b, l, sums, 0)), reset = squashed(b, l, d, 0, gate(b, l, sums, 1));
    if (l->is_linear_first) {
        term state = MAKE(b, "MatMul", d->h, late);
        candidate = MAKE(b, "Mul", reset, d->late ? MAKE(b, "Add", state, d->late) : state);
    } else {
        candidate = MAKE(b, "MatMul", MAKE(b, "Mul", reset, d->h), late);
    }
    term fresh = squashed(b, l, d, 1, MAKE(b, "Add", gate(b, l, x, 2), candidate));
    term rest = MAKE(b, "Sub", back_real(b, 1), update);
    return MAKE(b, "Add", MAKE(b, "Mul", rest, fresh), MAKE(b, "Mul", update, d->h));
}

static term rnn_step(struct back *b, const struct layer *l, struct direction *d, term x)
{
    return squashed(b, l, d, 0, MAKE(b, "Add", x, MAKE(b, "MatMul", d->h, d->r)));
}

/* One step of the state; the step's output, 0 after a sequence's end. */
static term advance(struct back *b, const struct layer *l, struct direction *d, int64_t t)
{
    term all = part(b, d->inputs, 0, t, t + 1), cell = d->c, h;
    if (!all) return NULL;
    term x = back_reshape(b, all, 2, all->shape.dim + 1);
    h = l->gates == 4 ? lstm_step(b, l, d, x, &cell) : l->gates == 3 ? gru_step(b, l, d, x) : rnn_step(b, l, d, x);
    if (!l->lengths) {
        d->h = h;
        d->c = cell;
        return h;
    }
    term lasts = MAKE(b, "Greater", l->lengths, back_ints(b, 1, &t));
    d->h = MAKE(b, "Where", lasts, h, d->h);
    d->c = MAKE(b, "Where", lasts, cell, d->c);
    return MAKE(b, "Where", lasts, h, l->zero);
}

/* batch x hidden with dimensions of 1 before it. */
static term lifted(struct back *b, term x, int more)
{
    int64_t dim[4] = {1, 1, 1, 1};
    for (int i = 0; x && i < 2; i++) dim[more + i] = x->shape.dim[i];
    return back_reshape(b, x, more + 2, dim);
}

/* The outputs of all steps: steps x 1 x batch x hidden. */
static term run_direction(struct back *b, const struct layer *l, struct direction *d)
{
    term *steps = arena_array(b->g->arena, (size_t)l->steps + 1, sizeof(term));
    sum_inputs(b, l, d);
    for (int64_t t = 0; steps && t < l->steps && !b->status; t++) steps[t] = lifted(b, advance(b, l, d, t), 1);
    if (!steps || b->status) return NULL;
    term y = joined(b, 0, (int)l->steps, steps);
    if (d->is_reverse) y = reversed(b, l, y);
    if (!y) return NULL;
    return back_reshape(b, y, 4, (const int64_t[]){l->steps, 1, y->shape.dim[1], l->hidden});
}

static void begin(struct back *b, const struct layer *l, struct direction *d)
{
    term peep = l->gates == 4 ? of_direction(b, l, 7, d->i) : NULL;
    d->h = of_direction(b, l, 5, d->i);
    d->c = l->gates == 4 ? of_direction(b, l, 6, d->i) : NULL;
    if (!d->h) d->h = l->zero;
    if (!d->c) d->c = l->zero;
    for (int i = 0; i < 3 && peep; i++) d->peep[i] = part(b, peep, 0, i * l->hidden, (i + 1) * l->hidden);
}

/* Activations without numbers of their own. */
static void read_squash(struct back *b, struct layer *l)
{
    static const char *const usual[5][3] = {
        [1] = {"Tanh"}, [3] = {"Sigmoid", "Tanh"}, [4] = {"Sigmoid", "Tanh", "Tanh"}};
    static const char *const known[] = {"Sigmoid", "Tanh", "Relu", "Softsign", "Softplus"};
    const struct attribute *a = node_attribute(b->n, "activations");
    int each = l->gates == 1 ? 1 : l->gates - 1;
    for (int i = 0; i < each * l->directions; i++) {
        bool is_listed = a && a->type == ATTRIBUTE_STRINGS && i < a->n, is_known = false;
        const char *name = is_listed ? a->strings[i] : usual[l->gates][i % each];
        for (size_t k = 0; k < COUNT_OF(known); k++) is_known = is_known || !strcmp(known[k], name);
        if (!is_known) back_refuse(b, "its activation %.20s is not followed", name);
        l->squash[i / each * 3 + i % each] = name;
    }
    if (node_float(b->n, "clip", 0) > 0) back_refuse(b, "clip is not followed");
}

static void read_layer(struct back *b, struct layer *l)
{
    static const int turn[] = {1, 0, 2};
    *l = (struct layer){.gates = !strcmp(b->n->op_type, "LSTM") ? 4 : !strcmp(b->n->op_type, "GRU") ? 3 : 1};
    l->directions = (int)back_x(b, 1)->shape.dim[0];
    l->hidden = back_x(b, 2)->shape.dim[2];
    l->is_batch_first = node_int(b->n, "layout", 0) == 1;
    l->is_linear_first = l->gates == 3 && node_int(b->n, "linear_before_reset", 0);
    l->is_coupled = l->gates == 4 && node_int(b->n, "input_forget", 0);
    l->x = l->is_batch_first ? back_transpose(b, back_x(b, 0), turn) : back_x(b, 0);
    read_squash(b, l);
    if (b->status || !l->x) return;
    l->steps = l->x->shape.dim[0];
    const int64_t batch = l->x->shape.dim[1], state[] = {batch, l->hidden}, column[] = {batch, 1};
    l->zero = back_zeros(b, &(struct shape){2, state});
    if (back_has(b, 4)) l->lengths = back_reshape(b, back_as(b, back_x(b, 4), DTYPE_S64), 2, column);
    if (l->steps < 1) back_refuse(b, "it has no steps");
}

static term turned(struct back *b, const struct layer *l, term x, const int *order)
{
    return l->is_batch_first ? back_transpose(b, x, order) : x;
}

static void define_recurrent(struct back *b, term *out)
{
    static const int by_batch[] = {2, 0, 1, 3}, state_by_batch[] = {1, 0, 2};
    const struct attribute *way = node_attribute(b->n, "direction");
    struct layer l;
    struct direction d[2] = {{0}};
    term y[2], h[2], c[2];
    read_layer(b, &l);
    for (int i = 0; i < l.directions && i < 2 && !b->status; i++) {
        d[i].i = i;
        d[i].is_reverse = i == 1 || (way && way->s && !strcmp(way->s, "reverse"));
        begin(b, &l, &d[i]);
        y[i] = run_direction(b, &l, &d[i]);
        h[i] = lifted(b, d[i].h, 1);
        c[i] = lifted(b, d[i].c, 1);
    }
    if (b->status) return;
    out[0] = turned(b, &l, joined(b, 1, l.directions, y), by_batch);
    if (b->n->n_out > 1) out[1] = turned(b, &l, joined(b, 0, l.directions, h), state_by_batch);
    if (b->n->n_out > 2) out[2] = turned(b, &l, joined(b, 0, l.directions, c), state_by_batch);
}

#define DEFINED(name)                                                                            \
    {                                                                                            \
        name, DOMAIN_ONNX, .define = define_recurrent, .words = "that of its steps, written out" \
    }
const struct gradient_rule rules_recurrent[] = {DEFINED("LSTM"), DEFINED("GRU"), DEFINED("RNN"), {0}};
