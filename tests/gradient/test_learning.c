/* Small networks of operators that engine/train lacks really learn a seeded task, by steps of the general engine. */
#include "check.h"
#include "engine/train/train.h"
#include "ops/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, STEPS = 6, CLASSES = 4, WIDTH = 32, HEADS = 2 };
typedef struct tensor *layer;

static layer weight(struct graph *g, const char *name, int rank, int64_t a, int64_t b, int64_t c)
{
    return graph_initializer(g, name, ROLE_WEIGHT, DTYPE_F32, rank, (const int64_t[]){a, b, c});
}

static layer done(struct graph *g, struct node *n)
{
    gable_error e = {0};
    assert_ok(ops_infer_node(g, n, &e), &e);
    return n->out[0];
}

static layer node(struct graph *g, const char *op, int n, layer const *in)
{
    return done(g, graph_node(g, op, "", op, NULL, n, in, 1));
}
#define NODE(g, op, ...) node(g, op, (int)COUNT_OF(((const layer[]){__VA_ARGS__})), (const layer[]){__VA_ARGS__})

static layer shaped(struct graph *g, layer x, int rank, const int64_t *dim)
{
    return NODE(g, "Reshape", x, graph_constant_ints(g, "shape", rank, dim));
}

static layer linear(struct graph *g, layer x, int64_t from, int64_t to)
{
    return NODE(g, "Add", NODE(g, "MatMul", x, weight(g, "w", 2, from, to, 0)), weight(g, "b", 1, to, 0, 0));
}

static layer layer_norm(struct graph *g, layer x)
{
    return NODE(g, "LayerNormalization", x, weight(g, "scale", 1, WIDTH, 0, 0), weight(g, "shift", 1, WIDTH, 0, 0));
}

/* batch x heads x steps x width / heads, or the last two turned for keys. */
static layer heads(struct graph *g, layer x, bool is_key)
{
    layer parts = shaped(g, x, 4, (const int64_t[]){BATCH, STEPS, HEADS, WIDTH / HEADS});
    struct node *n = graph_node(g, "Transpose", "", "heads", NULL, 1, &parts, 1);
    node_set_ints(g, n, "perm", 4, is_key ? (const int64_t[]){0, 2, 3, 1} : (const int64_t[]){0, 2, 1, 3});
    return done(g, n);
}

static layer attention(struct graph *g, layer x)
{
    layer q = heads(g, linear(g, x, WIDTH, WIDTH), false), k = heads(g, linear(g, x, WIDTH, WIDTH), true);
    layer v = heads(g, linear(g, x, WIDTH, WIDTH), false);
    layer scale = graph_constant_real(g, "scale", DTYPE_F32, 1 / sqrt(WIDTH / HEADS));
    layer seen = NODE(g, "MatMul", NODE(g, "Softmax", NODE(g, "Mul", NODE(g, "MatMul", q, k), scale)), v);
    struct node *back = graph_node(g, "Transpose", "", "joined", NULL, 1, &seen, 1);
    node_set_ints(g, back, "perm", 4, (const int64_t[]){0, 2, 1, 3});
    layer joined = shaped(g, done(g, back), 3, (const int64_t[]){BATCH, STEPS, WIDTH});
    return linear(g, joined, WIDTH, WIDTH);
}

/* Embedding and places, one block of attention and GELU, the first place's classes. */
static struct graph *encoder(void)
{
    struct graph *g = graph_new("encoder", "test", 1 << 24);
    g->opset = 20;
    layer tokens = graph_input(g, "tokens", DTYPE_S64, 2, (const int64_t[]){BATCH, STEPS});
    layer x = NODE(g, "Add", NODE(g, "Gather", weight(g, "embedding", 2, STEPS, WIDTH, 0), tokens),
                   weight(g, "places", 2, STEPS, WIDTH, 0));
    x = NODE(g, "Add", x, attention(g, layer_norm(g, x)));
    layer wide = NODE(g, "Gelu", linear(g, layer_norm(g, x), WIDTH, 2 * WIDTH));
    x = layer_norm(g, NODE(g, "Add", x, linear(g, wide, 2 * WIDTH, WIDTH)));
    struct node *first = graph_node(g, "Gather", "", "first", NULL, 2,
                                    (const layer[]){x, graph_constant_ints(g, "zero", 1, (const int64_t[]){0})}, 1);
    node_set_int(g, first, "axis", 1);
    layer flat = shaped(g, done(g, first), 2, (const int64_t[]){BATCH, WIDTH});
    graph_output(g, linear(g, flat, WIDTH, CLASSES));
    return g;
}

/* The first token tells a place, the label is what stands there. */
static int look_up(uint64_t seed, float *x)
{
    float drawn[STEPS];
    weights_normal(seed, STEPS, drawn);
    for (int i = 0; i < STEPS; i++) x[i] = (float)((int)fabsf(drawn[i] * 1e4f) % (i ? CLASSES : STEPS - 1));
    return (int)x[1 + (int)x[0]];
}

static struct graph *memory(void)
{
    struct graph *g = graph_new("memory", "test", 1 << 24);
    g->opset = 20;
    layer x = graph_input(g, "x", DTYPE_F32, 2, (const int64_t[]){BATCH, STEPS});
    layer steps = shaped(g, NODE(g, "Transpose", x), 3, (const int64_t[]){STEPS, BATCH, 1});
    const layer in[] = {steps, weight(g, "w", 3, 1, 4 * WIDTH, 1), weight(g, "r", 3, 1, 4 * WIDTH, WIDTH),
                        weight(g, "b", 2, 1, 8 * WIDTH, 0)};
    struct node *lstm = graph_node(g, "LSTM", "", "lstm", NULL, 4, in, 2);
    node_set_int(g, lstm, "hidden_size", WIDTH);
    done(g, lstm);
    graph_output(g, linear(g, shaped(g, lstm->out[1], 2, (const int64_t[]){BATCH, WIDTH}), WIDTH, CLASSES));
    return g;
}

/* The label is the signs of the first two of many numbers. */
static int remember(uint64_t seed, float *x)
{
    weights_normal(seed, STEPS, x);
    return 2 * (x[0] > 0) + (x[1] > 0);
}

/* Uniform deviation by the rows; scales are 1, biases 0. */
static struct weights *draw(const struct graph *g)
{
    struct weights *w = NULL;
    gable_error e = {0};
    assert_ok(weights_new(g, 1, &w, &e), &e);
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        if (t->role != ROLE_WEIGHT) continue;
        size_t n = (size_t)tensor_elements(t), from = (size_t)t->shape.dim[t->shape.rank > 1 ? t->shape.rank - 2 : 0];
        weights_normal(100 + (uint64_t)i, n, w->value[i]);
        float by = t->shape.rank > 1 ? 1 / sqrtf((float)(from < WIDTH ? WIDTH : from)) : 0;
        for (size_t k = 0; k < n; k++) w->value[i][k] = strcmp(t->name, "scale") ? w->value[i][k] * by : 1;
    }
    return w;
}

static int count_right(struct trainer *t)
{
    int right = 0;
    for (int i = 0; i < BATCH; i++) {
        const float *y = trainer_output(t) + i * CLASSES;
        int most = 0;
        for (int c = 1; c < CLASSES; c++) most = y[c] > y[most] ? c : most;
        right += most == trainer_labels(t)[i];
    }
    return right;
}

/* Fresh examples in every step: what is counted was never seen before. */
static void learns(struct graph *g, int (*example)(uint64_t seed, float *x), int steps, double rate, double least)
{
    struct trainer_options o = {.optimizer = OPTIMIZER_ADAM, .rate = rate};
    struct weights *w = draw(g);
    struct trainer *t = NULL;
    struct cpus cpus;
    gable_error e = {0};
    int right = 0, last = 30;
    cpus_read("", &cpus);
    assert_ok(trainer_open(g, w, &cpus, &o, &t, &e), &e);
    assert_string_equal(t->engine->name, "general");
    assert_true(t->why[0] != 0);
    for (int s = 0; s < steps; s++) {
        double loss;
        for (int i = 0; i < BATCH; i++)
            trainer_labels(t)[i] = example((uint64_t)(s * BATCH + i + 1), trainer_input(t, 0) + (size_t)i * STEPS);
        assert_ok(trainer_step(t, &loss, &e), &e);
        if (s >= steps - last) right += count_right(t);
    }
    double accuracy = (double)right / (last * BATCH);
    if (!(accuracy >= least)) fail_msg("%s: %.1f %% right", g->name, 100 * accuracy);
    trainer_close(t);
    weights_free(w);
    graph_free(g);
}

static void a_transformer_encoder_looks_up(void **state)
{
    (void)state;
    learns(encoder(), look_up, 800, 2e-3, 0.95);
}

static void an_lstm_remembers(void **state)
{
    (void)state;
    learns(memory(), remember, 600, 5e-3, 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transformer_encoder_looks_up),
        cmocka_unit_test(an_lstm_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
