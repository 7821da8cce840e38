/* Recurrent networks with a linear layer behind their last state, as PyTorch exports them. */
#include "check.h"
#include "small.h"

#include <math.h>
#include <string.h>

enum { STEPS = 3, BATCH = 2, INPUTS = 3, HIDDEN = 4, CLASSES = 5, GATES_MAX = 4 };

struct cell {
    const char *op;
    int gates;
    struct tensor *w, *r, *b, *head, *last;
    double h[BATCH][HIDDEN], c[BATCH][HIDDEN];
};

static struct graph *make(struct cell *m, const char *op, int gates)
{
    struct graph *g = small_new();
    struct tensor *x = small_input(g, 3, (const int64_t[]){STEPS, BATCH, INPUTS});
    memset(m, 0, sizeof *m);
    m->op = op;
    m->gates = gates;
    m->w = small_weights(g, 3, (const int64_t[]){1, gates * HIDDEN, INPUTS});
    m->r = small_weights(g, 3, (const int64_t[]){1, gates * HIDDEN, HIDDEN});
    m->b = small_weights(g, 2, (const int64_t[]){1, 2 * gates * HIDDEN});
    m->head = small_weights(g, 2, (const int64_t[]){CLASSES, HIDDEN});
    struct tensor *in[] = {x, m->w, m->r, m->b};
    struct node *n = graph_node(g, op, "", "cell", NULL, 4, in, 2);
    node_set_int(g, n, "hidden_size", HIDDEN);
    m->last = n->out[1];
    return g;
}

/* What gate k of unit u gets from the inputs, and from the last state h; both with their bias. */
static double from_x(const struct cell *m, int step, int image, int gate, int u)
{
    int row = gate * HIDDEN + u;
    double sum = small_w(m->b, row);
    for (int i = 0; i < INPUTS; i++)
        sum += small_w(m->w, row * INPUTS + i) * small_x((step * BATCH + image) * INPUTS + i);
    return sum;
}
static double from_h(const struct cell *m, const double *h, int gate, int u)
{
    int row = gate * HIDDEN + u;
    double sum = small_w(m->b, m->gates * HIDDEN + row);
    for (int i = 0; i < HIDDEN; i++) sum += small_w(m->r, row * HIDDEN + i) * h[i];
    return sum;
}
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static void step_rnn(struct cell *m, const double *h, int step, int image, int u)
{
    m->h[image][u] = tanh(from_x(m, step, image, 0, u) + from_h(m, h, 0, u));
}
/* ONNX orders the gates: input, output, forget, cell */
static void step_lstm(struct cell *m, const double *h, int step, int image, int u)
{
    double gate[GATES_MAX];
    for (int k = 0; k < GATES_MAX; k++) gate[k] = from_x(m, step, image, k, u) + from_h(m, h, k, u);
    m->c[image][u] = sigmoid(gate[2]) * m->c[image][u] + sigmoid(gate[0]) * tanh(gate[3]);
    m->h[image][u] = sigmoid(gate[1]) * tanh(m->c[image][u]);
}
/* update, reset, hidden; the reset gate after the product, as cuDNN and PyTorch have it */
static void step_gru(struct cell *m, const double *h, int step, int image, int u)
{
    double update = sigmoid(from_x(m, step, image, 0, u) + from_h(m, h, 0, u));
    double reset = sigmoid(from_x(m, step, image, 1, u) + from_h(m, h, 1, u));
    double fresh = tanh(from_x(m, step, image, 2, u) + reset * from_h(m, h, 2, u));
    m->h[image][u] = (1 - update) * fresh + update * h[u];
}

static void check(struct graph *g, struct cell *m,
                  void (*step)(struct cell *m, const double *h, int step, int image, int u))
{
    double want[BATCH * CLASSES], before[HIDDEN];
    for (int t = 0; t < STEPS; t++)
        for (int image = 0; image < BATCH; image++) {
            memcpy(before, m->h[image], sizeof before);
            for (int u = 0; u < HIDDEN; u++) step(m, before, t, image, u);
        }
    for (int i = 0; i < BATCH * CLASSES; i++) {
        want[i] = 0;
        for (int u = 0; u < HIDDEN; u++) want[i] += m->h[i / CLASSES][u] * small_w(m->head, i % CLASSES * HIDDEN + u);
    }
    const int64_t first[] = {0};
    struct tensor *state = small_node(g, "Squeeze", 2, (struct tensor *[]){m->last, small_ints(g, 1, first)});
    struct tensor *y = small_node(g, "Gemm", 2, (struct tensor *[]){state, m->head});
    node_set_int(g, y->producer, "transB", 1);
    count macs = (count)STEPS * BATCH * m->gates * HIDDEN * (INPUTS + HIDDEN) + (count)BATCH * HIDDEN * CLASSES;
    small_check(g, y, macs, BATCH * CLASSES, want, 1e-6);
}

static void an_rnn(void **state)
{
    struct cell m;
    struct graph *g = make(&m, "RNN", 1);
    (void)state;
    check(g, &m, step_rnn);
}
static void an_lstm(void **state)
{
    struct cell m;
    struct graph *g = make(&m, "LSTM", 4);
    (void)state;
    check(g, &m, step_lstm);
}
static void a_gru(void **state)
{
    struct cell m;
    struct graph *g = make(&m, "GRU", 3);
    (void)state;
    node_set_int(g, m.last->producer, "linear_before_reset", 1);
    check(g, &m, step_gru);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_rnn), cmocka_unit_test(an_lstm), cmocka_unit_test(a_gru)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
