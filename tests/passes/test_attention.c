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

/* True where a query sees a key: up to its own place, the last query none. */
static struct tensor *condition(struct graph *g, int queries, int keys, bool sees)
{
    struct tensor *t = graph_initializer(g, "sees", ROLE_CONSTANT, DTYPE_BOOL, 2, (const int64_t[]){queries, keys});
    int64_t *values = arena_array(g->arena, (size_t)(queries * keys), sizeof *values);
    for (int i = 0; i < queries * keys; i++)
        values[i] = (i / keys < queries - 1 && i % keys <= i / keys) ? sees : !sees;
    t->ints = values;
    return t;
}
static struct tensor *choose(struct graph *g, struct tensor *when, struct tensor *yes, struct tensor *no)
{
    return made_node(g, "Where", 3, (struct tensor *[]){when, yes, no});
}
static struct tensor *half_scores(struct graph *g, const struct inputs *in)
{
    return made_pair(g, "Mul", product(g, in), real(g, 0.5));
}
static struct tensor *chosen(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    return finish(g, &in, choose(g, condition(g, QUERIES, KEYS, true), half_scores(g, &in), real(g, -3e38)));
}
/* Numbers that a score may come near to must replace it, not be added to it. */
static struct tensor *filled_then_masked(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = choose(g, condition(g, QUERIES, KEYS, false), real(g, -3), half_scores(g, &in));
    return finish(g, &in, made_pair(g, "Add", scores, mask(g, 4, (const int64_t[]){STACK, 1, 1, KEYS})));
}
static struct tensor *masked_then_filled(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = made_pair(g, "Add", product(g, &in), mask(g, 4, (const int64_t[]){STACK, 1, 1, KEYS}));
    return finish(g, &in, choose(g, condition(g, QUERIES, KEYS, false), real(g, -3), scores));
}
static struct tensor *two_masks(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = made_pair(g, "Add", product(g, &in), mask(g, 2, (const int64_t[]){QUERIES, 1}));
    scores = made_pair(g, "Add", mask(g, 3, (const int64_t[]){HEADS, QUERIES, KEYS}), scores);
    return finish(g, &in, choose(g, condition(g, QUERIES, KEYS, true), scores, real(g, 0.5)));
}
/* Rows that see nothing are no numbers, and then zeros. */
static struct tensor *guarded(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = choose(g, condition(g, QUERIES, KEYS, true), product(g, &in), real(g, -INFINITY));
    struct tensor *weights = softmax(g, scores, -1);
    return made_pair(g, "MatMul", choose(g, made_node(g, "IsNaN", 1, &weights), real(g, 0), weights), in.v);
}
/* torch's scaled_dot_product_attention: the root of 1 / sqrt d goes to both sides, d is read from q's shape. */
static struct tensor *root_of_scale(struct graph *g, struct tensor *q)
{
    const int64_t last[] = {-1}, end[] = {INT64_MAX};
    struct tensor *shape = made_node(g, "Shape", 1, &q);
    struct tensor *slice[] = {shape, graph_constant_ints(g, "a", 1, last), graph_constant_ints(g, "b", 1, end)};
    struct tensor *width = made_node(g, "Slice", 3, slice), *real_width = made_node(g, "Cast", 1, &width);
    node_set_int(g, real_width->producer, "to", 1);
    struct tensor *scale = made_pair(g, "Div", real(g, 1), made_node(g, "Sqrt", 1, &real_width));
    return made_node(g, "Sqrt", 1, &scale);
}
static struct tensor *of_torch(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *all = mask(g, 2, (const int64_t[]){QUERIES, KEYS}), *below = made_node(g, "Trilu", 1, &all);
    node_set_int(g, below->producer, "upper", 0);
    struct tensor *causal = choose(g, made_pair(g, "Equal", below, real(g, 0)), real(g, -INFINITY), real(g, 0));
    in.q = made_pair(g, "Mul", in.q, root_of_scale(g, in.q));
    in.k = made_pair(g, "Mul", in.k, root_of_scale(g, in.q->producer->in[0]));
    return finish(g, &in, made_pair(g, "Add", product(g, &in), causal));
}
static struct tensor *scaled_q_in_use(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    in.q = made_pair(g, "Div", in.q, real(g, 2));
    graph_output(g, made_node(g, "Abs", 1, &in.q));
    return finish(g, &in, product(g, &in));
}
/* q, k and v are cut out of one tensor that one Transpose made. */
static struct tensor *of_one_transpose(struct graph *g)
{
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 5, (const int64_t[]){STACK, KEYS, 3, HEADS, INNER}), *part[3];
    struct tensor *all = made_node(g, "Transpose", 1, &x);
    node_set_ints(g, all->producer, "perm", 5, (const int64_t[]){2, 0, 3, 1, 4});
    for (int i = 0; i < 3; i++) {
        struct tensor *at = graph_constant_ints(g, "i", 1, (const int64_t[]){i}),
                      *row = made_pair(g, "Gather", all, at);
        part[i] = made_pair(g, "Squeeze", row, graph_constant_ints(g, "axis", 1, (const int64_t[]){0}));
    }
    struct tensor *columns = made_node(g, "Transpose", 1, &part[1]);
    node_set_ints(g, columns->producer, "perm", 4, (const int64_t[]){0, 1, 3, 2});
    struct inputs in = {part[0], columns, part[2]};
    return finish(g, &in, half_scores(g, &in));
}
static struct tensor *one_head_of_keys(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    in.k = graph_input(g, "one_k", DTYPE_F32, 4, (const int64_t[]){STACK, 1, INNER, KEYS});
    in.v = made_weights(g, -1, 4, (const int64_t[]){STACK, 1, KEYS, WIDTH});
    return finish(g, &in, half_scores(g, &in));
}
static struct tensor *reshaped(struct graph *g, struct tensor *t, int rank, const int64_t *dim)
{
    return made_pair(g, "Reshape", t, graph_constant_ints(g, "to", rank, dim));
}
/* Swin: a bias of each head, then a mask of each window of an image, which the scores are split by for it. */
enum { WINDOWS = 3 };
static struct tensor *of_windows(struct graph *g, int64_t images)
{
    const int64_t n = images * WINDOWS;
    struct inputs in = {graph_input(g, "q", DTYPE_F32, 4, (const int64_t[]){n, HEADS, KEYS, INNER}),
                        graph_input(g, "k", DTYPE_F32, 4, (const int64_t[]){n, HEADS, INNER, KEYS}),
                        graph_input(g, "v", DTYPE_F32, 4, (const int64_t[]){n, HEADS, KEYS, WIDTH})};
    struct tensor *scores = made_pair(g, "Add", product(g, &in), mask(g, 4, (const int64_t[]){1, HEADS, KEYS, KEYS}));
    scores = reshaped(g, scores, 5, (const int64_t[]){images, WINDOWS, HEADS, KEYS, KEYS});
    scores = made_pair(g, "Add", scores, mask(g, 5, (const int64_t[]){1, WINDOWS, 1, KEYS, KEYS}));
    return finish(g, &in, reshaped(g, scores, 4, (const int64_t[]){n, HEADS, KEYS, KEYS}));
}
static struct tensor *windows(struct graph *g) { return of_windows(g, 1); }
static struct tensor *windows_of_images(struct graph *g) { return of_windows(g, 2); }
/* BLOOM: heads of a batch in one dimension but for the mask and Softmax. */
static struct tensor *split_for_mask(struct graph *g)
{
    struct inputs in = {graph_input(g, "q", DTYPE_F32, 3, (const int64_t[]){STACK * HEADS, QUERIES, INNER}),
                        graph_input(g, "k", DTYPE_F32, 3, (const int64_t[]){STACK * HEADS, INNER, KEYS}),
                        graph_input(g, "v", DTYPE_F32, 3, (const int64_t[]){STACK * HEADS, KEYS, WIDTH})};
    struct tensor *scores = reshaped(g, product(g, &in), 4, (const int64_t[]){STACK, HEADS, QUERIES, KEYS});
    scores = made_pair(g, "Add", scores, mask(g, 3, (const int64_t[]){1, 1, KEYS}));
    scores = choose(g, condition(g, QUERIES, KEYS, true), scores, real(g, -3e38));
    struct tensor *weights = reshaped(g, softmax(g, scores, -1), 3, (const int64_t[]){STACK * HEADS, QUERIES, KEYS});
    return made_pair(g, "MatMul", weights, in.v);
}
static struct tensor *cast(struct graph *g, struct tensor *t, int to)
{
    struct tensor *y = made_node(g, "Cast", 1, &t);
    node_set_int(g, y->producer, "to", to);
    return y;
}
/* Halves, with Softmax in f32. */
static struct tensor *halves(struct graph *g)
{
    enum { F32 = 1, F16 = 10 };
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    in = (struct inputs){cast(g, in.q, F16), cast(g, in.k, F16), cast(g, in.v, F16)};
    struct tensor *weights = softmax(g, cast(g, product(g, &in), F32), -1);
    return cast(g, made_pair(g, "MatMul", cast(g, weights, F16), in.v), F32);
}

static struct tensor *masked_then_scaled(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = made_pair(g, "Add", product(g, &in), mask(g, 2, (const int64_t[]){QUERIES, KEYS}));
    return finish(g, &in, made_pair(g, "Mul", scores, real(g, 0.5)));
}
static struct tensor *chosen_from_another(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *others = mask(g, 2, (const int64_t[]){QUERIES, KEYS});
    return finish(g, &in, choose(g, condition(g, QUERIES, KEYS, true), product(g, &in), others));
}
/* Rows become columns of another length: no row of Softmax is a row of the product. */
static struct tensor *other_rows(struct graph *g)
{
    struct inputs in = inputs_of(g, KEYS, KEYS);
    struct tensor *scores = reshaped(g, product(g, &in), 4, (const int64_t[]){STACK, HEADS, 1, KEYS * KEYS});
    struct tensor *weights = softmax(g, scores, -1);
    return made_pair(g, "MatMul", reshaped(g, weights, 4, (const int64_t[]){STACK, HEADS, KEYS, KEYS}), in.v);
}
/* The mask differs from head to head, and its heads are no dimension of the scores' own. */
static struct tensor *heads_behind(struct graph *g)
{
    struct inputs in = inputs_of(g, QUERIES, KEYS);
    struct tensor *scores = reshaped(g, product(g, &in), 4, (const int64_t[]){HEADS, STACK, QUERIES, KEYS});
    scores = made_pair(g, "Add", scores, mask(g, 4, (const int64_t[]){HEADS, 1, 1, KEYS}));
    return finish(g, &in, reshaped(g, scores, 4, (const int64_t[]){STACK, HEADS, QUERIES, KEYS}));
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
    enum costs { AS_BEFORE, OTHERS } costs; /* others where a factor of q and k becomes one of the scores */
    double tolerance;
} cases[] = {
    {"bare", bare, 3, 1, AS_BEFORE, 2e-6},
    {"divided, masked", divided_masked, 5, 1, AS_BEFORE, 2e-6},
    {"multiplied, biased", multiplied_biased, 5, 1, AS_BEFORE, 2e-6},
    {"one bias a query", one_bias_a_query, 4, 1, AS_BEFORE, 2e-6},
    {"opset 12", of_opset_12, 3, 1, AS_BEFORE, 2e-6},
    {"long and causal", long_and_causal, 5, 1, AS_BEFORE, 2e-6},
    {"chosen", chosen, 5, 1, AS_BEFORE, 2e-6},
    {"filled, then masked", filled_then_masked, 6, 1, AS_BEFORE, 2e-6},
    {"masked, then filled", masked_then_filled, 5, 1, AS_BEFORE, 2e-6},
    {"two masks and a choice", two_masks, 6, 1, AS_BEFORE, 2e-6},
    {"guarded against rows without keys", guarded, 6, 1, OTHERS, 2e-6},
    {"torch's, causal", of_torch, 21, 4, OTHERS, 2e-6},
    {"q and k by one Transpose", of_one_transpose, 12, 9, AS_BEFORE, 2e-6},
    {"scaled q in use", scaled_q_in_use, 5, 3, AS_BEFORE, 2e-6},
    {"one head of keys", one_head_of_keys, 4, 1, AS_BEFORE, 2e-6},
    {"one matrix of keys", keys_of_all_heads, 3, 1, AS_BEFORE, 2e-6},
    {"windows", windows, 7, 2, AS_BEFORE, 2e-6},
    {"windows of two images", windows_of_images, 7, 3, AS_BEFORE, 2e-6},
    {"split for a mask", split_for_mask, 7, 1, AS_BEFORE, 2e-6},
    {"halves", halves, 9, 5, AS_BEFORE, 4e-3},
    {"masked, then scaled", masked_then_scaled, 5, 5, AS_BEFORE, 2e-6},
    {"chosen from another tensor", chosen_from_another, 4, 4, AS_BEFORE, 2e-6},
    {"other rows", other_rows, 5, 5, AS_BEFORE, 2e-6},
    {"heads behind the stack", heads_behind, 6, 6, AS_BEFORE, 2e-6},
    {"scores read twice", scores_read_twice, 4, 4, AS_BEFORE, 2e-6},
    {"along the queries", along_the_queries, 3, 3, AS_BEFORE, 2e-6},
    {"a mask that makes the result wider", wider_mask, 4, 4, AS_BEFORE, 2e-6},
    {"a factor a key", a_factor_a_key, 4, 4, AS_BEFORE, 2e-6},
    {"on the right", on_the_right, 3, 3, AS_BEFORE, 2e-6},
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
        made_check(g, cases[i].what, cases[i].before, cases[i].after, cases[i].tolerance);
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
        if (cases[i].costs == OTHERS) continue;
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
