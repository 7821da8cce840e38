/* Recurrent layers: X is T x N x I; W is D x gates*H x I, R is D x gates*H x H (D: directions). */
#include "ops/families.h"
#include "ops/rule.h"

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

#define ROW(op, most, most_out, how)                                                                                \
    {                                                                                                               \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {3, most}, .outputs = {1, most_out}, .shape = recurrent_shape, \
        .cost = recurrent_cost, .kind = KIND_LINEAR, .formula = how                                                 \
    }

const struct op recurrent_ops[] = {
    ROW("LSTM", 8, 3, "2 x T x N x D x 4H x (I + H), + per unit 18 and per gate 1 sum (3 with biases)"),
    ROW("GRU", 6, 2, "2 x T x N x D x 3H x (I + H), + per unit 15 and per gate 1 sum (3 with biases)"),
    ROW("RNN", 6, 2, "2 x T x N x D x H x (I + H), + per unit 1 and 1 sum (3 with biases)"),
    {0},
};
