/* Attention as PyTorch exports it, before and after the clean-up, and a sum of products by Einsum. */
#include "check.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "small.h"

#include <math.h>

enum { BATCH = 2, TOKENS = 5, HEADS = 2, INNER = 3, WIDTH = HEADS * INNER };
struct layer {
    struct tensor *w, *b;
};
struct model {
    struct layer q, k, v, out;
};

static struct tensor *pair(struct graph *g, const char *op, struct tensor *a, struct tensor *b)
{
    return small_node(g, op, 2, (struct tensor *[]){a, b});
}
static struct tensor *linear(struct graph *g, struct tensor *x, struct layer *l)
{
    l->w = small_weights(g, 2, (const int64_t[]){WIDTH, WIDTH});
    l->b = small_weights(g, 1, (const int64_t[]){WIDTH});
    return pair(g, "Add", l->b, pair(g, "MatMul", x, l->w));
}
static struct tensor *transposed(struct graph *g, struct tensor *x, const int64_t *order)
{
    struct tensor *y = small_node(g, "Transpose", 1, &x);
    node_set_ints(g, y->producer, "perm", 4, order);
    return y;
}
/* A layer's channels as heads, in the given order of batch, tokens, heads, channels. */
static struct tensor *heads(struct graph *g, struct tensor *x, struct layer *l, const int64_t *order)
{
    static const int64_t apart[] = {BATCH, TOKENS, HEADS, INNER};
    return transposed(g, pair(g, "Reshape", linear(g, x, l), small_ints(g, 4, apart)), order);
}
static struct tensor *attention(struct graph *g, struct model *m)
{
    static const int64_t rows[] = {0, 2, 1, 3}, columns[] = {0, 2, 3, 1}, whole[] = {BATCH, TOKENS, WIDTH};
    struct tensor *x = small_input(g, 3, whole), *q = heads(g, x, &m->q, rows), *k = heads(g, x, &m->k, columns);
    struct tensor *scores =
        pair(g, "Div", pair(g, "MatMul", q, k), graph_constant_real(g, "root", DTYPE_F32, sqrt(INNER)));
    struct tensor *shares = small_node(g, "Softmax", 1, &scores);
    struct tensor *y = pair(g, "MatMul", shares, heads(g, x, &m->v, rows));
    return linear(g, pair(g, "Reshape", transposed(g, y, rows), small_ints(g, 3, whole)), &m->out);
}

typedef double rows[BATCH * TOKENS][WIDTH];
static void apply(const struct layer *l, rows x, rows y)
{
    for (int r = 0; r < BATCH * TOKENS; r++)
        for (int j = 0; j < WIDTH; j++) {
            y[r][j] = small_w(l->b, j);
            for (int i = 0; i < WIDTH; i++) y[r][j] += x[r][i] * small_w(l->w, i * WIDTH + j);
        }
}
static void attend(rows q, rows k, rows v, int row, int head, double *y)
{
    double share[TOKENS], sum = 0;
    int first = row / TOKENS * TOKENS, from = head * INNER;
    for (int t = 0; t < TOKENS; t++) {
        double score = 0;
        for (int i = from; i < from + INNER; i++) score += q[row][i] * k[first + t][i];
        share[t] = exp(score / sqrt(INNER));
        sum += share[t];
    }
    for (int i = from; i < from + INNER; i++) {
        y[i] = 0;
        for (int t = 0; t < TOKENS; t++) y[i] += share[t] / sum * v[first + t][i];
    }
}
static void expect(const struct model *m, rows want)
{
    rows x, q, k, v, y;
    for (int i = 0; i < BATCH * TOKENS * WIDTH; i++) x[i / WIDTH][i % WIDTH] = small_x(i);
    apply(&m->q, x, q);
    apply(&m->k, x, k);
    apply(&m->v, x, v);
    for (int r = 0; r < BATCH * TOKENS; r++)
        for (int h = 0; h < HEADS; h++) attend(q, k, v, r, h, y[r]);
    apply(&m->out, y, want);
}
/* four layers, and two products a head */
static const count attention_macs =
    (count)4 * BATCH * TOKENS * WIDTH * WIDTH + (count)2 * BATCH * TOKENS * TOKENS * WIDTH;

static void attention_as_exported(void **state)
{
    (void)state;
    struct model m;
    struct graph *g = small_new();
    struct tensor *y = attention(g, &m);
    rows want;
    expect(&m, want);
    small_check(g, y, attention_macs, BATCH * TOKENS * WIDTH, &want[0][0], 1e-5);
}
static void attention_cleaned(void **state)
{
    (void)state;
    gable_error e = {0};
    struct model m;
    struct graph *g = small_new();
    struct tensor *y = attention(g, &m);
    struct rewrites r;
    rows want;
    expect(&m, want);
    graph_output(g, y);
    assert_ok(ops_infer(g, &e), &e);
    assert_ok(passes_run(g, &r, &e), &e);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.at[0].pass, "attention");
    small_check(g, g->outputs[0], attention_macs, BATCH * TOKENS * WIDTH, &want[0][0], 1e-5);
}

/* Each head by a matrix of its own. */
static void an_einsum(void **state)
{
    (void)state;
    enum { OUT = 4 };
    double want[BATCH][HEADS][TOKENS][OUT] = {{{{0}}}};
    struct graph *g = small_new();
    struct tensor *x = small_input(g, 4, (const int64_t[]){BATCH, HEADS, TOKENS, INNER});
    struct tensor *w = small_weights(g, 3, (const int64_t[]){HEADS, INNER, OUT}), *y = pair(g, "Einsum", x, w);
    node_set_string(g, y->producer, "equation", "bhtd,hde->bhte");
    for (int i = 0; i < BATCH * HEADS * TOKENS; i++)
        for (int d = 0; d < INNER; d++)
            for (int k = 0; k < OUT; k++) {
                int head = i / TOKENS % HEADS;
                want[i / (TOKENS * HEADS)][head][i % TOKENS][k] +=
                    small_x(i * INNER + d) * small_w(w, (head * INNER + d) * OUT + k);
            }
    small_check(g, y, (count)BATCH * HEADS * TOKENS * INNER * OUT, BATCH * HEADS * TOKENS * OUT, &want[0][0][0][0],
                1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_as_exported),
        cmocka_unit_test(attention_cleaned),
        cmocka_unit_test(an_einsum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
