/* Attention in the forms that exporters write, and what only looks like it; both graphs run and cost the same. */
#include "check.h"
#include "made.h"
#include "ops/ops.h"
#include "passes/passes.h"

#include <math.h>
#include <string.h>

enum { STACK = 2, HEADS = 3, QUERIES = 5, KEYS = 7, INNER = 4, WIDTH = 6 };
struct inputs {
    struct tensor *q, *k, *v; /* k with its rows as columns */
};
static struct inputs inputs_of(struct graph *g, int64_t queries, int64_t keys)
{
    const int64_t q[] = {STACK, HEADS, queries, INNER}, k[] = {STACK, HEADS, INNER, keys};
    const int64_t v[] = {STACK, HEADS, keys, WIDTH};
    return (struct inputs){graph_input(g, "q", DTYPE_F32, 4, q), graph_input(g, "k", DTYPE_F32, 4, k),
                           graph_input(g, "v", DTYPE_F32, 4, v)};
}
static struct tensor *product(struct graph *g, const struct inputs *in) { return made_pair(g, "MatMul", in->q, in->k); }
static struct tensor *softmax(struct graph *g, struct tensor *scores, int axis)
{
    struct tensor *y = made_node(g, "Softmax", 1, &scores);
    node_set_int(g, y->producer, "axis", axis);
    return y;
}
static struct tensor *finish(struct graph *g, const struct inputs *in, struct tensor *scores)
{
    return made_pair(g, "MatMul", softmax(g, scores, -1), in->v);
}
static struct tensor *real(struct graph *g, double value) { return graph_constant_real(g, "c", DTYPE_F32, value); }
static struct tensor *mask(struct graph *g, int rank, const int64_t *dim) { return made_weights(g, -2, rank, dim); }

static struct tensor *bare(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    return finish(g, &in, product(g, &in));
}
/* BERT: scores / sqrt d, a mask of the keys */
static struct tensor *divided_masked(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = made_pair(g, "Div", product(g, &in), real(g, 2));
    return finish(g, &in, made_pair(g, "Add", scores, mask(g, 4, (const int64_t[]){STACK, 1, 1, KEYS})));
}
/* a bias of each head, on the left; a factor on the left too */
static struct tensor *multiplied_biased(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = made_pair(g, "Mul", real(g, 0.25), product(g, &in));
    return finish(g, &in, made_pair(g, "Add", mask(g, 3, (const int64_t[]){HEADS, QUERIES, KEYS}), scores));
}
static struct tensor *one_bias_a_query(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    return finish(g, &in, made_pair(g, "Add", product(g, &in), mask(g, 2, (const int64_t[]){QUERIES, 1})));
}
/* Softmax of opset 12, where the last axis is all from there on */
static struct tensor *of_opset_12(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    g->opset = 12;
    return made_pair(g, "MatMul", softmax(g, product(g, &in), 3), in.v);
}
/* Several tiles of rows and columns; each query sees the keys up to its own place alone, the first ones none of the
   first tile's keys. */
static struct tensor *long_and_causal(struct graph *g)
{
    enum { LONG_QUERIES = 70, LONG_KEYS = 600 };
    struct inputs in = inputs_of(g, LONG_QUERIES, LONG_KEYS);
    struct tensor *m = mask(g, 2, (const int64_t[]){LONG_QUERIES, LONG_KEYS});
    double *values = arena_array(g->arena, LONG_QUERIES * LONG_KEYS, sizeof *values);
    for (int i = 0; i < LONG_QUERIES * LONG_KEYS; i++) {
        int query = i / LONG_KEYS, key = i % LONG_KEYS;
        bool sees = query < 10 ? key >= 300 : key <= query * 8;
        values[i] = sees ? 0.01 * (key % 40) : -INFINITY;
    }
    m->reals = values;
    return finish(g, &in, made_pair(g, "Add", made_pair(g, "Mul", product(g, &in), real(g, 0.5)), m));
}

static struct tensor *scores_read_twice(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = product(g, &in);
    graph_output(g, made_node(g, "Abs", 1, &scores));
    return finish(g, &in, scores);
}
static struct tensor *along_the_queries(struct graph *g)
{
    struct inputs in = inputs_of(g, KEYS, KEYS);
    return made_pair(g, "MatMul", softmax(g, product(g, &in), 2), in.v);
}
static struct tensor *wider_mask(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *m = mask(g, 5, (const int64_t[]){2, 1, 1, 1, KEYS});
    return finish(g, &in, made_pair(g, "Add", product(g, &in), m));
}
static struct tensor *a_factor_a_key(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    return finish(g, &in, made_pair(g, "Mul", product(g, &in), mask(g, 1, (const int64_t[]){KEYS})));
}
static struct tensor *keys_of_all_heads(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    in.k = graph_input(g, "one", DTYPE_F32, 2, (const int64_t[]){INNER, KEYS});
    return finish(g, &in, product(g, &in));
}
static struct tensor *on_the_right(struct graph *g)
{
    struct inputs in = inputs_of(g, KEYS, KEYS);
    return made_pair(g, "MatMul", in.k, softmax(g, product(g, &in), -1));
}

static const struct {
    const char *what;
    struct tensor *(*make)(struct graph *g);
    int before, after;
} cases[] = {
    {"bare", bare, 3, 1},
    {"divided, masked", divided_masked, 5, 1},
    {"multiplied, biased", multiplied_biased, 5, 1},
    {"one bias a query", one_bias_a_query, 4, 1},
    {"opset 12", of_opset_12, 3, 1},
    {"long and causal", long_and_causal, 5, 1},
    {"scores read twice", scores_read_twice, 4, 4},
    {"along the queries", along_the_queries, 3, 3},
    {"a mask that makes the result wider", wider_mask, 4, 4},
    {"a factor a key", a_factor_a_key, 4, 4},
    {"one head of keys for all", keys_of_all_heads, 3, 3},
    {"on the right", on_the_right, 3, 3},
};

static struct graph *make(size_t i)
{
    struct graph *g = graph_new("g", "t", 1 << 23);
    g->opset = 17;
    graph_output(g, cases[i].make(g));
    return g;
}

static void attention_keeps_outputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct graph *g = make(i);
        made_check(g, cases[i].what, cases[i].before, cases[i].after, 2e-6);
        graph_free(g);
    }
}

static struct cost total_of(const struct graph *g)
{
    struct cost total = {0};
    for (int i = 0; i < g->n_nodes; i++) total = cost_add(total, op_cost(g->nodes[i]));
    return total;
}

static void attention_costs_what_it_replaces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        gable_error e = {0};
        struct graph *g = make(i);
        struct rewrites r;
        assert_ok(ops_infer(g, &e), &e);
        struct cost before = total_of(g);
        assert_ok(passes_run(g, &r, &e), &e);
        struct cost after = total_of(g);
        if (before.macs != after.macs || before.flops != after.flops)
            fail_msg("%s: %lld FLOPs, not %lld", cases[i].what, (long long)after.flops, (long long)before.flops);
        graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_keeps_outputs),
        cmocka_unit_test(attention_costs_what_it_replaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
