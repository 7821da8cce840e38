/* Fused groups: small graphs with the expected numbers written out, and what must hold for every model of the zoo. */
#include "check.h"
#include "engine/plan/groups.h"
#include "zoo/zoo.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 16 };
typedef struct tensor *layer;

static layer node(struct graph *g, const char *op, const char *name, int n_in, layer const *in)
{
    gable_error e = {0};
    struct node *n = graph_node(g, op, "", name, NULL, n_in, in, 1);
    assert_ok(ops_infer_node(g, n, &e), &e);
    return n->out[0];
}

static layer weight(struct graph *g, const char *name, int rank, const int64_t *dim)
{
    return graph_initializer(g, name, ROLE_WEIGHT, DTYPE_F32, rank, dim);
}

static layer conv(struct graph *g, layer x, const char *name)
{
    const int64_t dim[] = {x->shape.dim[1], x->shape.dim[1], 1, 1};
    return node(g, "Conv", name, 2, (layer[]){x, weight(g, "w", 4, dim)});
}

static layer norm(struct graph *g, layer x, const char *name)
{
    const int64_t dim[] = {x->shape.dim[1]};
    layer in[5] = {x};
    for (int i = 1; i < 5; i++) in[i] = weight(g, "p", 1, dim);
    return node(g, "BatchNormalization", name, 5, in);
}

static layer relu(struct graph *g, layer x, const char *name) { return node(g, "Relu", name, 1, &x); }

static layer add(struct graph *g, layer a, layer b, const char *name)
{
    return node(g, "Add", name, 2, (layer[]){a, b});
}

/* x -> conv -> bn -> relu -> conv -> bn -> (+ x) -> relu: two groups, the sum with the second */
static layer plain_block(struct graph *g, layer x)
{
    layer y = relu(g, norm(g, conv(g, x, "c1"), "b1"), "r1");
    return relu(g, add(g, norm(g, conv(g, y, "c2"), "b2"), x, "sum"), "r2");
}

/* The shortcut has a convolution that runs after the main branch: the sum belongs to it. */
static layer shortcut_block(struct graph *g, layer x)
{
    layer y = conv(g, x, "main"), z = conv(g, x, "shortcut");
    return relu(g, add(g, y, z, "sum"), "r");
}

/* relu(conv) is read twice: neither reader may swallow it, and the second activation stays alone. */
static layer shared_result(struct graph *g, layer x)
{
    layer y = relu(g, conv(g, x, "c"), "r");
    return add(g, node(g, "Sigmoid", "s", 1, &y), node(g, "Tanh", "t", 1, &y), "sum");
}

/* An identity between convolution and activation is looked through and belongs to nobody. */
static layer through_view(struct graph *g, layer x)
{
    layer y = conv(g, x, "c");
    y = node(g, "Identity", "id", 1, &y);
    return relu(g, y, "r");
}

/* Normalisation comes before the activation or not at all; a second activation is a group of its own. */
static layer wrong_order(struct graph *g, layer x)
{
    return relu(g, norm(g, relu(g, conv(g, x, "c"), "r1"), "b"), "r2");
}

static layer gate(struct graph *g, layer x)
{
    x = relu(g, conv(g, x, "c"), "r");
    layer y = node(g, "GlobalAveragePool", "pool", 1, &x);
    y = relu(g, conv(g, y, "fc1"), "a1");
    y = conv(g, y, "fc2");
    y = node(g, "Sigmoid", "a2", 1, &y);
    return node(g, "Mul", "mul", 2, (layer[]){y, x});
}

/* The same, gating another tensor than was pooled: no squeeze-excite, so the pool is alone. */
static layer foreign_gate(struct graph *g, layer x)
{
    layer z = relu(g, x, "z"), y = node(g, "GlobalAveragePool", "pool", 1, &x);
    y = relu(g, conv(g, y, "fc1"), "a1");
    y = conv(g, y, "fc2");
    y = node(g, "Sigmoid", "a2", 1, &y);
    return node(g, "Mul", "mul", 2, (layer[]){y, z});
}

/* Softmax looks at a whole row: it cannot ride on a product's output. */
static layer with_softmax(struct graph *g, layer x)
{
    layer y = conv(g, x, "c");
    return node(g, "Softmax", "s", 1, &y);
}

static layer constant(struct graph *g, double value) { return graph_constant_real(g, "c", DTYPE_F32, value); }

static layer pair(struct graph *g, const char *op, layer a, layer b, const char *name)
{
    return node(g, op, name, 2, (layer[]){a, b});
}

static layer permute(struct graph *g, layer x, int rank, const int64_t *perm, const char *name)
{
    struct node *n = graph_node(g, "Transpose", "", name, NULL, 1, &x, 1);
    gable_error e = {0};
    node_set_ints(g, n, "perm", rank, perm);
    assert_ok(ops_infer_node(g, n, &e), &e);
    return n->out[0];
}
static layer channels_last(struct graph *g, layer x) { return permute(g, x, 4, (const int64_t[]){0, 2, 3, 1}, "last"); }
static layer channels_first(struct graph *g, layer x)
{
    return permute(g, x, 4, (const int64_t[]){0, 3, 1, 2}, "first");
}
static layer join(struct graph *g, layer a, layer b, const char *name)
{
    struct node *n = graph_node(g, "Concat", "", name, NULL, 2, (layer[]){a, b}, 1);
    gable_error e = {0};
    node_set_int(g, n, "axis", 1);
    assert_ok(ops_infer_node(g, n, &e), &e);
    return n->out[0];
}
static layer product(struct graph *g, layer x, const char *name)
{
    int64_t channels = x->shape.dim[x->shape.rank - 1];
    return pair(g, "MatMul", x, weight(g, "w", 2, (const int64_t[]){channels, channels}), name);
}

/* A normalisation whose numbers exporters hand on by Identity, since other nodes have the same. */
static layer norm_of_shared_numbers(struct graph *g, layer x)
{
    layer in[5] = {conv(g, x, "c")};
    for (int i = 1; i < 5; i++) {
        layer p = weight(g, "p", 1, (const int64_t[]){8});
        in[i] = i % 2 ? node(g, "Identity", "shared", 1, &p) : p;
    }
    return relu(g, node(g, "BatchNormalization", "b", 5, in), "r");
}
/* A factor and a summand after an activation ride along, a second factor does not. */
static layer constants_after_activation(struct graph *g, layer x)
{
    layer y = pair(g, "Mul", relu(g, conv(g, x, "c"), "r"), constant(g, 2), "by");
    return pair(g, "Mul", pair(g, "Add", y, constant(g, 3), "plus"), constant(g, 4), "again");
}
/* ConvNeXt's end: tokens times weights, a bias, channels to the front, a factor a channel, the sum. */
static layer layer_scale(struct graph *g, layer x)
{
    layer bias = weight(g, "bias", 1, (const int64_t[]){8}), scale = weight(g, "s", 3, (const int64_t[]){8, 1, 1});
    layer y = pair(g, "Add", product(g, channels_last(g, x), "m"), bias, "bias");
    return add(g, pair(g, "Mul", channels_first(g, y), scale, "scale"), x, "sum");
}
/* The gated value joins the sum with what it gates. */
static layer gate_with_sum(struct graph *g, layer x)
{
    layer z = relu(g, x, "r"), y = node(g, "GlobalAveragePool", "pool", 1, &z);
    y = relu(g, conv(g, y, "fc1"), "a1");
    y = conv(g, y, "fc2");
    y = node(g, "Sigmoid", "a2", 1, &y);
    return add(g, pair(g, "Mul", y, z, "mul"), z, "sum");
}
/* ShuffleNet's: [1, 2, 4, h, w] -> [1, 4, 2, h, w] */
static layer shuffle(struct graph *g, layer x)
{
    layer wide = graph_constant_ints(g, "wide", 5, (const int64_t[]){1, 2, 4, 4, 4});
    layer flat = graph_constant_ints(g, "flat", 4, (const int64_t[]){1, 8, 4, 4});
    layer y = pair(g, "Reshape", conv(g, x, "c"), wide, "split");
    y = permute(g, y, 5, (const int64_t[]){0, 2, 1, 3, 4}, "swap");
    return conv(g, pair(g, "Reshape", y, flat, "join"), "d");
}
/* Channels of images, which stay where they are. */
static layer joined_channels(struct graph *g, layer x)
{
    layer y = relu(g, x, "r");
    return conv(g, join(g, y, conv(g, x, "c"), "join"), "d");
}
/* The same numbers of channels last: rows are joined, which move. */
static layer joined_rows(struct graph *g, layer x)
{
    layer y = channels_last(g, relu(g, x, "r")), z = channels_last(g, conv(g, x, "c"));
    return node(g, "Relu", "s", 1, (layer[]){join(g, y, z, "join")});
}
/* Moved back, they are channels again. */
static layer joined_in_front(struct graph *g, layer x)
{
    layer y = channels_first(g, product(g, channels_last(g, x), "m")), z = conv(g, x, "c");
    return conv(g, join(g, y, z, "join"), "d");
}

static const struct {
    const char *what;
    layer (*build)(struct graph *g, layer x);
    int group_of[NODES_MAX]; /* ends with END */
} cases[] = {
#define END 99
    {"plain block", plain_block, {0, 0, 0, 1, 1, 1, 1, END}},
    {"shortcut block", shortcut_block, {0, 1, 1, 1, END}},
    {"shared result", shared_result, {0, 0, 1, 2, 3, END}},
    {"through a view", through_view, {0, -1, 0, END}},
    {"wrong order", wrong_order, {0, 0, 1, 2, END}},
    {"gate", gate, {0, 0, 1, 1, 1, 1, 1, 1, END}},
    {"foreign gate", foreign_gate, {0, 1, 2, 2, 3, 3, 4, END}},
    {"softmax", with_softmax, {0, 1, END}},
    {"norm of shared numbers", norm_of_shared_numbers, {0, -1, -1, 0, 0, END}},
    {"constants after an activation", constants_after_activation, {0, 0, 0, 0, 1, END}},
    {"layer scale", layer_scale, {0, 1, 1, 1, 1, 1, END}},
    {"gate with sum", gate_with_sum, {0, 1, 1, 1, 1, 1, 1, 1, END}},
    {"shuffle", shuffle, {0, -1, -1, -1, 1, END}},
    {"joined channels", joined_channels, {0, 1, -1, 2, END}},
    {"joined rows", joined_rows, {0, 1, 2, 3, 4, 5, END}},
    {"joined in front", joined_in_front, {0, 1, 1, 2, -1, 3, END}},
};

static void groups_are_as_written(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        gable_error e = {0};
        struct graph *g = graph_new(cases[c].what, "test", 1 << 20);
        struct grouping found;
        layer x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 8, 4, 4});
        graph_output(g, cases[c].build(g, x));
        assert_ok(groups_find(g, &found, &e), &e);
        for (int i = 0; i < g->n_nodes; i++)
            if (found.group_of[i] != cases[c].group_of[i])
                fail_msg("%s: %s is in group %d, not %d", cases[c].what, g->nodes[i]->name, found.group_of[i],
                         cases[c].group_of[i]);
        assert_int_equal(cases[c].group_of[g->n_nodes], END);
        graph_free(g);
    }
}

/* Traffic by hand, X the bytes of x: what a join moves is read and written once more; planes only have other tables. */
static void joins_move_rows_not_channels(void **state)
{
    (void)state;
    enum { X = 8 * 4 * 4 * 4, W = 8 * 8 * 4, WIDE = 16 * 16 * 4 };
    static const struct {
        layer (*build)(struct graph *g, layer x);
        count bytes;
    } of[] = {
        /* relu, conv, then conv of the joined planes where they lie */
        {joined_channels, 2 * X + (2 * X + W) + (2 * X + WIDE + 2 * X)},
        /* relu, its transpose, conv, its transpose, the join, relu of what was joined */
        {joined_rows, 2 * X + 2 * X + (2 * X + W) + 2 * X + (2 * X + 2 * X) + (2 * X + 2 * X)},
    };
    for (size_t i = 0; i < COUNT_OF(of); i++) {
        gable_error e = {0};
        struct graph *g = graph_new("join", "test", 1 << 20);
        struct grouping found;
        struct analysis *a = NULL;
        layer x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 8, 4, 4});
        graph_output(g, of[i].build(g, x));
        assert_ok(groups_find(g, &found, &e), &e);
        assert_ok(analysis_new(g, &found, &a, &e), &e);
        assert_int_equal(a->bytes.fused, of[i].bytes);
        analysis_free(a);
        graph_free(g);
    }
}

static const char *const expected_free[] = {"Reshape", "Flatten", "Transpose",      "Concat",
                                            "Split",   "Dropout", "StochasticDepth"};

static bool may_be_free(const struct node *n)
{
    for (size_t i = 0; i < COUNT_OF(expected_free); i++)
        if (!strcmp(n->op_type, expected_free[i])) return true;
    return false;
}

/* The group that makes a tensor, looking through what runs nothing; the latest one of several. */
static int maker(const struct tensor *t, const struct grouping *found)
{
    if (!t->producer) return -1;
    int group = found->group_of[t->producer->index];
    for (int i = 0; group < 0 && i < t->producer->n_in; i++) {
        int from = maker(t->producer->in[i], found);
        if (from > group) group = from;
    }
    return group;
}

/* Reads a result of its own group, directly or through views. */
static bool is_joined(const struct node *n, const struct grouping *found)
{
    for (int i = 0; i < n->n_in; i++)
        if (maker(n->in[i], found) == found->group_of[n->index]) return true;
    return false;
}

static void zoo_groups_are_connected_and_ordered(void **state)
{
    (void)state;
    for (int m = 0; m < zoo_size(); m++) {
        gable_error e = {0};
        struct graph *g = NULL;
        struct grouping found;
        assert_ok(zoo_build(zoo_at(m)->id, NULL, &g, &e), &e);
        assert_ok(groups_find(g, &found, &e), &e);
        int newest = -1;
        for (int i = 0; i < g->n_nodes; i++) {
            const struct node *n = g->nodes[i];
            int group = found.group_of[i];
            if (zoo_at(m)->has_attention ? group < 0 && !may_be_free(n) : (group < 0) != may_be_free(n))
                fail_msg("%s: %s is in group %d", g->name, n->name, group);
            if (group < 0) continue;
            if (group > newest + 1) fail_msg("%s: group %d comes after %d", g->name, group, newest);
            if (group <= newest && !is_joined(n, &found)) fail_msg("%s: %s is not joined", g->name, n->name);
            if (group > newest) newest = group;
            for (int k = 0; k < n->n_in; k++)
                if (maker(n->in[k], &found) > group) fail_msg("%s: %s reads a later group", g->name, n->name);
        }
        assert_int_equal(newest + 1, found.n_groups);
        graph_free(g);
    }
}

/* Every convolution, and every Gemm, once; with the pools that gate nothing and, in the old networks, the poolings. */
static const struct {
    const char *id;
    int groups; /* convolutions outside gates + gates + classifier layers + poolings outside gates */
} totals[] = {
    {"resnet18", 20 + 0 + 1 + 2},
    {"mobilenet_v2", 52 + 0 + 1 + 1},
    {"efficientnet_b0", 49 + 16 + 1 + 1},
    {"mobilenet_v3_small", 34 + 9 + 2 + 1},
    {"shufflenet_v2_x0_5", 56 + 0 + 1 + 2},
    {"squeezenet1_1", 26 + 0 + 0 + 4},
    {"alexnet", 5 + 0 + 3 + 4},
    {"vgg16_bn", 13 + 0 + 3 + 6},
};

static void zoo_groups_number_as_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(totals); i++) {
        gable_error e = {0};
        struct graph *g = NULL;
        struct grouping found;
        assert_ok(zoo_build(totals[i].id, NULL, &g, &e), &e);
        assert_ok(groups_find(g, &found, &e), &e);
        if (found.n_groups != totals[i].groups)
            fail_msg("%s: %d groups, not %d", totals[i].id, found.n_groups, totals[i].groups);
        graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_as_written),
        cmocka_unit_test(joins_move_rows_not_channels),
        cmocka_unit_test(zoo_groups_are_connected_and_ordered),
        cmocka_unit_test(zoo_groups_number_as_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
