/* Recurrent layers: X is T x N x I; W is D x gates*H x I, R is D x gates*H x H (D: directions). */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

static int gates(const struct node *n) { return !strcmp(n->op_type, "LSTM") ? 4 : !strcmp(n->op_type, "GRU") ? 3 : 1; }

static gable_status recurrent_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *w = in_shape(n, 1), *r = in_shape(n, 2);
    if (x->rank != 3 || w->rank != 3 || r->rank != 3)
        return error_set(e, GABLE_BAD_INPUT, "X, W and R must have 3 dimensions each");
    if (w->dim[2] != x->dim[2] || w->dim[1] % gates(n) || r->dim[2] * gates(n) != r->dim[1] || r->dim[1] != w->dim[1] ||
        r->dim[0] != w->dim[0] || w->dim[0] < 1 || w->dim[0] > 2)
        return error_set(e, GABLE_BAD_INPUT, "the shapes of X, W and R contradict each other");
    bool batch_first = node_int(n, "layout", 0) == 1;
    int64_t hidden = r->dim[2], directions = w->dim[0], steps = x->dim[batch_first], batch = x->dim[!batch_first];
    const int64_t y[] = {batch_first ? batch : steps, batch_first ? steps : directions,
                         batch_first ? directions : batch, hidden};
    const int64_t state[] = {batch_first ? batch : directions, batch_first ? directions : batch, hidden};
    gable_status s = rule_output(g, n, 0, n->in[0]->dtype, 4, y, e);
    for (int i = 1; i < n->n_out && !s; i++) s = rule_output(g, n, i, n->in[0]->dtype, 3, state, e);
    return s;
}

/* Per step, sequence and direction: gates*H x (I + H) MACs; element-wise per unit: LSTM 3 sigmoids (4), 2 tanh (1),
   3 products, 1 sum; GRU 2 sigmoids, 1 tanh, 3 products, 3 sums; RNN 1 tanh; with each gate's bias and sum. */
static struct cost recurrent_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0), *w = in_shape(n, 1), *r = in_shape(n, 2);
    count cells = count_mul(count_mul(x->dim[0], x->dim[1]), w->dim[0]);
    count macs = count_mul(cells, count_mul(w->dim[1], count_add(x->dim[2], r->dim[2])));
    count unit = gates(n) == 4 ? 18 : gates(n) == 3 ? 15 : 1, sums = gates(n) * (rule_has(n, 3) ? 3 : 1);
    return (struct cost){macs, count_add(count_mul(2, macs), count_mul(count_mul(cells, r->dim[2]), unit + sums))};
}

/* X and W: the forward's input products each. R: its recurrent products twice, for R and for the chain through time,
   which runs whatever is asked for and so belongs to R; with the element-wise work per unit:
   LSTM: do = dh t(c) 1, dc += dh o (1 - t(c)^2) 5, di, dg, df, dc' 4, three sigmoids 3 each, one tanh 3, dh' joined 1:
   23 GRU: dz 2, dn 2, dh' 1, tanh 3, dr 1, d(R h) 1, two sigmoids 3 each, dh' joined 2: 18 RNN: tanh 3, dh' joined 1: 4
   B: one sum per gate and unit. */
static struct cost recurrent_gradient(const struct node *n, int input)
{
    const struct shape *x = in_shape(n, 0), *w = in_shape(n, 1), *r = in_shape(n, 2);
    count cells = count_mul(count_mul(x->dim[0], x->dim[1]), w->dim[0]), rows = count_mul(cells, w->dim[1]);
    count macs = input < 2 ? count_mul(rows, x->dim[2]) : count_mul(2, count_mul(rows, r->dim[2]));
    count unit = gates(n) == 4 ? 23 : gates(n) == 3 ? 18 : 4;
    if (input == 3) return cost_flops(rows);
    if (input > 3) return cost_none(n);
    count extra = input == 2 ? count_mul(unit, count_mul(cells, r->dim[2])) : 0;
    return (struct cost){macs, count_add(count_mul(2, macs), extra)};
}

/* The gates of every step, LSTM's cell state, GRU's recurrent product. */
static count recurrent_keeps(const struct node *n)
{
    count units = count_mul(tensor_elements(n->out[0]), gates(n) == 1 ? 0 : gates(n) + 1);
    return gradient_value_bytes(n, units);
}

#define ROW(op, most, most_out, how)                                                                                 \
    {                                                                                                                \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {3, most}, .outputs = {1, most_out}, .shape = recurrent_shape,  \
        .cost = recurrent_cost, .kind = KIND_LINEAR, .formula = how, .train = {                                      \
            .gradient = recurrent_gradient,                                                                          \
            .keep = KEEP_BOTH,                                                                                       \
            .keep_bytes = recurrent_keeps,                                                                           \
            .formula = "X, W: 2 x the input's MACs each; R: 4 x the recurrent MACs, + per unit 23 (GRU 18, RNN 4); " \
                       "B: 1 per gate and unit"                                                                      \
        }                                                                                                            \
    }

const struct op recurrent_ops[] = {
    ROW("LSTM", 8, 3, "2 x T x N x D x 4H x (I + H), + per unit 18 and per gate 1 sum (3 with biases)"),
    ROW("GRU", 6, 2, "2 x T x N x D x 3H x (I + H), + per unit 15 and per gate 1 sum (3 with biases)"),
    ROW("RNN", 6, 2, "2 x T x N x D x H x (I + H), + per unit 1 and 1 sum (3 with biases)"),
    {0},
};
