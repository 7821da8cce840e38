/* What spreads pixels, what is folded into a step, tokens and their heads, in graphs of random shapes: as the general
   engine has them, which knows nothing of such steps. */
#include "open.h"

#include <stdio.h>
#include <string.h>

struct drawn { /* a graph being made: an image of so many channels, rows and columns so far */
    struct graph *g;
    uint64_t state;
    struct tensor *x;
    int64_t channels, height, width;
};
static int64_t one_of(struct drawn *d, int64_t least, int64_t most)
{
    d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return least + (int64_t)((d->state >> 33) % (uint64_t)(most - least + 1));
}

static struct tensor *weight(struct drawn *d, int rank, const int64_t *dim)
{
    char name[32];
    snprintf(name, sizeof name, "w%d", d->g->n_tensors);
    return graph_initializer(d->g, name, ROLE_WEIGHT, DTYPE_F32, rank, dim);
}
static struct tensor *node(struct drawn *d, const char *op, int n_in, struct tensor *const *in)
{
    char name[32];
    snprintf(name, sizeof name, "%s%d", op, d->g->n_nodes);
    return graph_node(d->g, op, "", name, NULL, n_in, in, 1)->out[0];
}
static struct tensor *one(struct drawn *d, const char *op, struct tensor *x) { return node(d, op, 1, &x); }
static struct tensor *two(struct drawn *d, const char *op, struct tensor *x, struct tensor *y)
{
    return node(d, op, 2, (struct tensor *[]){x, y});
}
static struct tensor *real(struct drawn *d, double value) { return graph_constant_real(d->g, "c", DTYPE_F32, value); }

static struct tensor *convolved(struct drawn *d, struct tensor *x, int64_t in, int64_t out)
{
    struct tensor *w = weight(d, 4, (const int64_t[]){out, in, 1, 1});
    return node(d, "Conv", 3, (struct tensor *[]){x, w, weight(d, 1, &out)});
}
static void convolve(struct drawn *d)
{
    int64_t out = one_of(d, 1, 40);
    d->x = convolved(d, d->x, d->channels, out);
    d->channels = out;
}

static void transpose(struct drawn *d)
{
    int64_t out = one_of(d, 1, 40), kernel[2] = {one_of(d, 1, 3), one_of(d, 1, 3)};
    struct tensor *w = weight(d, 4, (const int64_t[]){d->channels, out, kernel[0], kernel[1]});
    bool has_bias = one_of(d, 0, 1);
    d->x = node(d, "ConvTranspose", 2 + has_bias, (struct tensor *[]){d->x, w, has_bias ? weight(d, 1, &out) : NULL});
    node_set_ints(d->g, d->x->producer, "strides", 2, kernel);
    d->channels = out;
    d->height *= kernel[0];
    d->width *= kernel[1];
    if (one_of(d, 0, 1)) d->x = one(d, one_of(d, 0, 1) ? "Relu" : "Sigmoid", d->x);
}

/* The sum of a transposed convolution with another one of the same shape. */
static void transpose_and_add(struct drawn *d)
{
    struct drawn other = *d;
    transpose(d);
    struct tensor *first = d->x;
    uint64_t state = d->state;
    transpose(&other); /* the same draws again */
    *d = other;
    d->state = state;
    d->x = two(d, "Add", first, d->x);
}

static void enlarge(struct drawn *d)
{
    int64_t by[2] = {one_of(d, 1, 4), one_of(d, 1, 3)};
    double *scales = arena_array(d->g->arena, 4, sizeof *scales);
    for (int i = 0; i < 4; i++) scales[i] = i < 2 ? 1 : (double)by[i - 2];
    struct tensor *t = graph_initializer(d->g, "scales", ROLE_CONSTANT, DTYPE_F32, 1, (const int64_t[]){4});
    t->reals = scales;
    d->x = node(d, "Resize", 3, (struct tensor *[]){d->x, graph_absent(d->g), t});
    if (one_of(d, 0, 1)) {
        node_set_string(d->g, d->x->producer, "coordinate_transformation_mode", "asymmetric");
        node_set_string(d->g, d->x->producer, "nearest_mode", "floor");
    }
    d->height *= by[0];
    d->width *= by[1];
}

static void scale(struct drawn *d)
{
    static const char *const acts[] = {"HardSwish", "Relu", "Swish", "HardSigmoid"};
    convolve(d);
    d->x = one(d, acts[one_of(d, 0, 3)], d->x);
    if (one_of(d, 0, 2)) d->x = two(d, "Mul", real(d, 0.4 + 0.1 * (double)one_of(d, 0, 9)), d->x);
    if (one_of(d, 0, 2)) d->x = two(d, "Add", d->x, real(d, 0.1 * (double)one_of(d, -9, 9)));
}

/* Constants by channel that nothing before them takes. */
static void shift_channels(struct drawn *d)
{
    const int64_t dim[] = {d->channels, 1, 1};
    d->x = two(d, one_of(d, 0, 1) ? "Mul" : "Add", d->x, weight(d, 3, dim));
    d->x = two(d, "Add", weight(d, 3, dim), d->x);
}

/* Squeeze-excite, and the sum with what went in. */
static void gate(struct drawn *d)
{
    int64_t hidden = one_of(d, 1, 9);
    struct tensor *g = convolved(d, one(d, "GlobalAveragePool", d->x), d->channels, hidden);
    g = one(d, "HardSigmoid", convolved(d, one(d, "Relu", g), hidden, d->channels));
    if (one_of(d, 0, 1)) node_set_float(d->g, g->producer, "alpha", 0.3);
    struct tensor *gated = two(d, "Mul", d->x, g);
    d->x = one_of(d, 0, 2) ? two(d, "Add", d->x, gated) : gated;
}

static void classify(struct drawn *d)
{
    const int64_t features = d->channels, classes = one_of(d, 1, 40);
    d->x = one(d, "Flatten", one(d, "GlobalAveragePool", d->x));
    d->x = two(d, "MatMul", d->x, weight(d, 2, (const int64_t[]){features, classes}));
    d->x = two(d, "Add", d->x, weight(d, 1, &classes));
    d->x = one(d, "Softmax", d->x);
    node_set_int(d->g, d->x->producer, "axis", 1);
}

static struct tensor *permuted(struct drawn *d, struct tensor *x, int rank, const int64_t *perm)
{
    struct tensor *y = one(d, "Transpose", x);
    node_set_ints(d->g, y->producer, "perm", rank, perm);
    return y;
}
static struct tensor *shaped(struct drawn *d, struct tensor *x, int rank, const int64_t *dim)
{
    return two(d, "Reshape", x, graph_constant_ints(d->g, "shape", rank, dim));
}
static struct tensor *linear(struct drawn *d, struct tensor *x, int64_t in, int64_t out)
{
    struct tensor *y = two(d, "MatMul", x, weight(d, 2, (const int64_t[]){in, out}));
    return one_of(d, 0, 1) ? two(d, "Add", weight(d, 1, &out), y) : y;
}
static struct tensor *normalised(struct drawn *d, struct tensor *x, int64_t channels)
{
    return node(d, "LayerNormalization", 3, (struct tensor *[]){x, weight(d, 1, &channels), weight(d, 1, &channels)});
}

/* A block of ConvNeXt: channels last, LayerNormalization, products, back to the front, a factor each, the sum. */
static void mix_channels(struct drawn *d)
{
    int64_t hidden = one_of(d, 1, 40);
    convolve(d);
    struct tensor *x = permuted(d, d->x, 4, (const int64_t[]){0, 2, 3, 1});
    x = one(d, one_of(d, 0, 1) ? "Gelu" : "Swish", linear(d, normalised(d, x, d->channels), d->channels, hidden));
    x = permuted(d, linear(d, x, hidden, d->channels), 4, (const int64_t[]){0, 3, 1, 2});
    if (one_of(d, 0, 1)) x = two(d, "Mul", weight(d, 3, (const int64_t[]){d->channels, 1, 1}), x);
    d->x = one_of(d, 0, 2) ? two(d, "Add", x, d->x) : x;
}

/* Heads of q, k and v cut out of one product, as exporters write them; tokens are pixels, and become an image again. */
static void attend(struct drawn *d)
{
    int64_t heads = one_of(d, 1, 4), each = one_of(d, 1, 20), width = heads * each, tokens = d->height * d->width;
    const int64_t stacked[] = {1, tokens, 3, heads, each}, apart[] = {2, 0, 3, 1, 4};
    struct tensor *x = shaped(d, d->x, 3, (const int64_t[]){1, d->channels, tokens}), *part[3];
    x = permuted(d, x, 3, (const int64_t[]){0, 2, 1});
    x = permuted(d, shaped(d, linear(d, x, d->channels, 3 * width), 5, stacked), 5, apart);
    for (int64_t i = 0; i < 3; i++) {
        struct tensor *at[] = {x, graph_constant_ints(d->g, "first", 1, &i),
                               graph_constant_ints(d->g, "end", 1, (const int64_t[]){i + 1}),
                               graph_constant_ints(d->g, "axis", 1, (const int64_t[]){0})};
        part[i] = shaped(d, node(d, "Slice", 4, at), 4, (const int64_t[]){1, heads, tokens, each});
    }
    part[0] = two(d, one_of(d, 0, 1) ? "Mul" : "Div", part[0], real(d, 0.5 + 0.25 * (double)one_of(d, 0, 3)));
    part[1] = permuted(d, part[1], 4, (const int64_t[]){0, 1, 3, 2});
    x = graph_node(d->g, "Attention", "ai.gable", "attention", NULL, 3, part, 1)->out[0];
    x = shaped(d, permuted(d, x, 4, (const int64_t[]){0, 2, 1, 3}), 3, (const int64_t[]){1, tokens, width});
    x = linear(d, x, width, width);
    if (one_of(d, 0, 1)) x = one(d, "Softmax", normalised(d, x, width));
    d->x = x;
    d->channels = width;
    if (one_of(d, 0, 1)) return; /* tokens leave the model */
    x = shaped(d, x, 4, (const int64_t[]){1, d->height, d->width, width});
    d->x = permuted(d, x, 4, (const int64_t[]){0, 3, 1, 2});
}

/* A vision transformer's edges: fixed tokens beside those of the pixels, places added, at the end one token taken. */
static void join_tokens(struct drawn *d)
{
    int64_t tokens = d->height * d->width, more = one_of(d, 1, 3), width = one_of(d, 1, 40);
    struct tensor *x = shaped(d, d->x, 3, (const int64_t[]){1, d->channels, tokens}), *parts[3];
    x = permuted(d, x, 3, (const int64_t[]){0, 2, 1});
    bool is_first = one_of(d, 0, 1), has_two = one_of(d, 0, 1);
    parts[is_first] = x;
    parts[!is_first] = weight(d, 3, (const int64_t[]){1, more, d->channels});
    parts[2] = weight(d, 3, (const int64_t[]){1, 2, d->channels});
    x = node(d, "Concat", 2 + has_two, parts);
    node_set_int(d->g, x->producer, "axis", one_of(d, 0, 1) ? 1 : -2);
    tokens += more + 2 * has_two;
    struct tensor *places = weight(d, 3, (const int64_t[]){1, tokens, d->channels});
    x = one_of(d, 0, 1) ? two(d, "Add", x, places) : two(d, "Add", places, x);
    x = linear(d, normalised(d, two(d, "Add", x, places), d->channels), d->channels, width);
    d->x = x;
    if (one_of(d, 0, 2) == 0) return; /* all tokens leave the model */
    struct tensor *at = graph_initializer(d->g, "at", ROLE_CONSTANT, DTYPE_S64, 0, NULL);
    int64_t *index = arena_alloc(d->g->arena, sizeof *index);
    *index = one_of(d, 0, 1) ? one_of(d, 0, tokens - 1) : -one_of(d, 1, tokens);
    at->ints = index;
    x = two(d, "Gather", x, at);
    node_set_int(d->g, x->producer, "axis", 1);
    d->x = node(d, "Gemm", 2, (struct tensor *[]){x, weight(d, 2, (const int64_t[]){width, 7})});
}

static const struct {
    const char *what;
    void (*add)(struct drawn *d);
} cases[] = {{"transposed convolution", transpose},
             {"sum of two transposed ones", transpose_and_add},
             {"enlarged planes", enlarge},
             {"constants after an activation", scale},
             {"constants by channel", shift_channels},
             {"gate and sum", gate},
             {"rows through Softmax", classify},
             {"channels last and back", mix_channels},
             {"attention", attend},
             {"tokens joined, one taken", join_tokens}};
enum { GRAPHS = 24, BATCH_MOST = 3 };

static bool makes_tokens(size_t i) { return cases[i].add == attend || cases[i].add == join_tokens; }
static bool is_of_one_image(size_t i) { return cases[i].add == mix_channels || makes_tokens(i); }

static struct graph *draw_graph(size_t i, uint64_t seed)
{
    struct drawn d = {.g = graph_new("drawn", "test", 1 << 24), .state = seed * 977 + i};
    gable_error e = {0};
    d.channels = one_of(&d, 1, 20);
    d.height = one_of(&d, 1, 9);
    d.width = one_of(&d, 1, 40);
    const int64_t dim[] = {is_of_one_image(i) ? 1 : one_of(&d, 1, BATCH_MOST), d.channels, d.height, d.width};
    d.x = graph_input(d.g, "x", DTYPE_F32, 4, dim);
    d.g->opset = 17;
    if (one_of(&d, 0, 3)) convolve(&d);
    cases[i].add(&d);
    if (cases[i].add != classify && !makes_tokens(i) && one_of(&d, 0, 2))
        convolve(&d); /* else what it made leaves the model */
    graph_output(d.g, d.x);
    assert_ok(ops_infer(d.g, &e), &e);
    return d.g;
}

static void run_on(const struct engine *engine, const struct graph *g, const struct weights *w, enum isa isa,
                   struct session **out)
{
    struct cpus cpus;
    gable_error e = {0};
    cpus_read("", &cpus);
    assert_ok(engine->open(g, w, &cpus, &(struct engine_options){.isa = isa}, out, &e), &e);
    weights_normal(1, (size_t)tensor_elements(g->inputs[0]), engine->input(*out, 0));
    engine->run(*out);
    engine->run(*out);
}

static void drawn_graphs_are_as_the_general_engine_has_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
            struct graph *g = draw_graph(i, seed);
            struct weights *w = NULL;
            struct session *plain = NULL, *planned = NULL;
            gable_error e = {0};
            size_t n = (size_t)tensor_elements(g->outputs[0]);
            assert_ok(weights_new(g, seed, &w, &e), &e);
            run_on(&engine_general, g, w, ISA_BEST, &plain);
            for (enum isa isa = ISA_PLAIN; isa < ISA_N; isa++) {
                if (!isa_is_here(isa)) continue;
                run_on(&engine_cpu, g, w, isa, &planned);
                double apart = largest_error(engine_cpu.output(planned, 0), engine_general.output(plain, 0), n);
                if (!(apart < 1e-4))
                    fail_msg("%s, graph %d, %s: %g apart", cases[i].what, (int)seed, isa_name(isa), apart);
                engine_cpu.close(planned);
            }
            engine_general.close(plain);
            weights_free(w);
            graph_free(g);
        }
}

/* What no fast way is there for is refused in a sentence, and left to the other engine. */
static void other_forms_are_refused(void **state)
{
    (void)state;
    struct drawn d = {.g = graph_new("overlap", "test", 1 << 20), .channels = 2, .height = 4, .width = 4};
    struct cpus cpus;
    gable_error e = {0};
    size_t bytes = 0;
    cpus_read("", &cpus);
    d.x = graph_input(d.g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 4, 4});
    d.x = two(&d, "ConvTranspose", d.x, weight(&d, 4, (const int64_t[]){2, 3, 3, 3}));
    node_set_ints(d.g, d.x->producer, "strides", 2, (const int64_t[]){2, 2});
    graph_output(d.g, d.x);
    assert_ok(ops_infer(d.g, &e), &e);
    assert_int_equal(engine_cpu.plan_bytes(d.g, &cpus, &(struct engine_options){0}, &bytes, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "windows do not meet");
    graph_free(d.g);
}

/* A constant that is neither by channel nor one of tokens. */
static void another_constant_is_refused(void **state)
{
    (void)state;
    struct drawn d = {.g = graph_new("places", "test", 1 << 20)};
    struct cpus cpus;
    gable_error e = {0};
    size_t bytes = 0;
    cpus_read("", &cpus);
    d.x = graph_input(d.g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 4, 4});
    graph_output(d.g, two(&d, "Add", one(&d, "Relu", d.x), weight(&d, 4, (const int64_t[]){1, 2, 4, 4})));
    assert_ok(ops_infer(d.g, &e), &e);
    assert_int_equal(engine_cpu.plan_bytes(d.g, &cpus, &(struct engine_options){0}, &bytes, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "adds constants to tokens");
    graph_free(d.g);
}

/* At batch 1 no dimension need count images, but a model's input does. */
static void another_batch_is_refused(void **state)
{
    (void)state;
    struct drawn d = {.g = graph_new("batches", "test", 1 << 20)};
    struct cpus cpus;
    gable_error e = {0};
    size_t bytes = 0;
    cpus_read("", &cpus);
    graph_output(d.g, one(&d, "Relu", graph_input(d.g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 4, 4})));
    graph_output(d.g, one(&d, "Relu", graph_input(d.g, "y", DTYPE_F32, 3, (const int64_t[]){2, 4, 4})));
    assert_ok(ops_infer(d.g, &e), &e);
    assert_int_equal(engine_cpu.plan_bytes(d.g, &cpus, &(struct engine_options){0}, &bytes, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "input y has 3 dimensions");
    graph_free(d.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawn_graphs_are_as_the_general_engine_has_them),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(another_constant_is_refused),
        cmocka_unit_test(another_batch_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
