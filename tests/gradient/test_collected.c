/* Regions, transforms, sequences: rules against finite differences; what is not followed is named. */
#include "check.h"
#include "ops/ops.h"
#include "rule_case.h"

/* The nodes behind n come before it, inferred. */
static void come_before(struct graph *g, struct node *n)
{
    gable_error e = {0};
    for (int i = n->index; i + 1 < g->n_nodes; i++) {
        g->nodes[i] = g->nodes[i + 1];
        g->nodes[i]->index = i;
        assert_ok(ops_infer_node(g, g->nodes[i], &e), &e);
    }
    n->index = g->n_nodes - 1;
    g->nodes[n->index] = n;
}
static struct tensor *made(struct graph *g, const char *op, int n_in, struct tensor *const *in)
{
    return graph_node(g, op, "", op, NULL, n_in, in, 1)->out[0];
}
#define MADE(g, op, ...) \
    made(g, op, (int)COUNT_OF(((struct tensor *[]){__VA_ARGS__})), (struct tensor *[]){__VA_ARGS__})

/* Input 1 lists numbers: so many for each region, as reals. */
static void regions_of(struct graph *g, struct node *n, int64_t each)
{
    struct tensor *rows = graph_constant_ints(g, "rows", 2, (const int64_t[]){-1, each}), *reals;
    reals = MADE(g, "Cast", n->in[1]);
    node_set_int(g, reals->producer, "to", 11);
    n->in[1] = MADE(g, "Reshape", reals, rows);
    come_before(g, n);
}
static void of_four(struct graph *g, struct node *n) { regions_of(g, n, 4); }
static void of_five(struct graph *g, struct node *n) { regions_of(g, n, 5); }

static void regions_of_pictures(void **state)
{
    static const struct rule_case aligned[] = {
        {"RoiAlign",
         "output_height=2 output_width=3 sampling_ratio=2 spatial_scale=0.37",
         {"2x3x6x7", "c1,2,9,11,0,0,5,3,-9,-7,8,40", "c1,0,1"}},
        {"RoiAlign",
         "output_height=3 output_width=1 sampling_ratio=1 coordinate_transformation_mode:output_half_pixel",
         {"1x2x5x5", "c0,0,4,3,2,2,2,2", "c0,0"}},
        {"RoiAlign", "output_height=2 output_width=2 sampling_ratio=3 OPSET=12", {"1x1x4x3", "c1,0,2,3", "c0"}},
    };
    static const struct rule_case pooled[] = {
        {"MaxRoiPool", "pooled_shape=[2,3] spatial_scale=0.37", {"2x3x6x7", "c1,1,2,9,11,0,0,0,5,3,1,-9,-7,8,40"}},
        {"MaxRoiPool", "pooled_shape=[3,3]", {"1x2x5x5", "c0,1,1,1,1,0,20,0,30,3"}},
    };
    (void)state;
    rules_hold_with(aligned, COUNT_OF(aligned), of_four);
    rules_hold_with(pooled, COUNT_OF(pooled), of_five);
    rule_refuses_with(&(struct rule_case){"RoiAlign", "", {"1x1x4x4", "c0,0,2,2", "c0"}}, of_four,
                      "data say how many points");
    rule_refuses_with(&(struct rule_case){"RoiAlign", "mode:max sampling_ratio=1", {"1x1x4x4", "c0,0,2,2", "c0"}},
                      of_four, "mode max is not followed");
}

static void transforms(void **state)
{
    static const struct rule_case cases[] = {
        {"DFT", "OPSET=17", {"2x6x1"}},
        {"DFT", "onesided=1 OPSET=17", {"2x7x1"}},
        {"DFT", "axis=2 OPSET=17", {"2x3x5x2"}},
        {"DFT", "inverse=1 OPSET=19", {"2x5x2"}},
        {"DFT", "onesided=1 OPSET=17", {"2x4x1", "c7"}},
        {"DFT", "OPSET=17", {"2x6x2", "c4"}},
        {"DFT", "inverse=1 OPSET=20", {"3x4x2x2", "-", "c0"}},
        {"DFT", "onesided=1 OPSET=20", {"2x6x1", "c6", "c1"}},
        {"STFT", "OPSET=17", {"2x11x1", "c3", "5"}},
        {"STFT", "onesided=0 OPSET=17", {"1x9x2", "c2", "4"}},
        {"STFT", "OPSET=20", {"2x8x1", "c4", "-", "c4"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

/* How many are kept only data say: what reads them makes one number. */
static void compressed(struct graph *g, struct node *n)
{
    n->in[0] = MADE(g, "Compress", n->in[0], n->in[1]);
    if (n->n_in > 2) node_set_int(g, n->in[0]->producer, "axis", n->in[2]->ints[0]);
    n->n_in = 1;
    come_before(g, n);
}
static void kept_by_a_condition(void **state)
{
    static const struct rule_case cases[] = {
        {"ReduceSumSquare", "keepdims=0", {"2x4x3", "b4", "c1"}},
        {"ReduceSumSquare", "keepdims=0", {"3x5", "b5", "c-1"}},
        {"ReduceSumSquare", "keepdims=0", {"2x3", "b6"}},
    };
    (void)state;
    rules_hold_with(cases, COUNT_OF(cases), compressed);
}

/* All inputs in a sequence, which becomes the node's only input; a second one stays where it is the last. */
static void construct(struct graph *g, struct node *n)
{
    n->in[0] = made(g, "SequenceConstruct", n->n_in, n->in);
    n->n_in = 1;
    come_before(g, n);
}
static void twice_in(struct graph *g, struct node *n)
{
    n->in[0] = MADE(g, "SequenceConstruct", n->in[0], n->in[1], n->in[0]);
    n->n_in = 1;
    come_before(g, n);
}
/* (a, c), b put in at 1, the last taken off, a once more in front: a, a, b. */
static void put_in_and_taken_off(struct graph *g, struct node *n)
{
    struct tensor *one = graph_constant_ints(g, "one", 1, (const int64_t[]){1});
    struct tensor *first = graph_constant_ints(g, "first", 1, (const int64_t[]){-3 + 1});
    struct tensor *a = n->in[0], *s = MADE(g, "SequenceConstruct", a, n->in[2]);
    s = MADE(g, "SequenceInsert", s, n->in[1], one);
    s = MADE(g, "SequenceErase", s);
    s = MADE(g, "Identity", s);
    n->in[0] = MADE(g, "SequenceInsert", s, a, first);
    n->in[1] = n->in[3];
    n->n_in = 2;
    come_before(g, n);
}
static void from_empty(struct graph *g, struct node *n)
{
    struct tensor *s = made(g, "SequenceEmpty", 0, NULL);
    node_set_int(g, s->producer, "dtype", 11);
    s = MADE(g, "SequenceInsert", s, n->in[0]);
    n->in[0] = MADE(g, "SequenceInsert", s, n->in[1]);
    n->in[1] = n->in[2];
    n->n_in = 2;
    come_before(g, n);
}
static void split(struct graph *g, struct node *n)
{
    n->in[0] = MADE(g, "SplitToSequence", n->in[0], n->in[1]);
    node_set_int(g, n->in[0]->producer, "axis", 1);
    n->in[1] = n->in[2];
    n->n_in = 2;
    come_before(g, n);
}
static void split_in_ones(struct graph *g, struct node *n)
{
    n->in[0] = MADE(g, "SplitToSequence", n->in[0]);
    node_set_int(g, n->in[0]->producer, "axis", -1);
    node_set_int(g, n->in[0]->producer, "keepdims", 0);
    come_before(g, n);
}
static void optional(struct graph *g, struct node *n)
{
    n->in[0] = MADE(g, "Optional", n->in[0]);
    come_before(g, n);
}
/* Each pass multiplies its row by what a sequence outside of the body holds. */
static void in_a_body(struct graph *g, struct node *n)
{
    struct graph *body = graph_body(g, "body");
    struct tensor *s = MADE(g, "SequenceConstruct", n->in[1], n->in[2]);
    struct tensor *h = graph_input(body, "h", DTYPE_F64, 1, (const int64_t[]){3});
    struct tensor *x = graph_input(body, "x", DTYPE_F64, 1, (const int64_t[]){3});
    struct tensor *last = graph_constant_ints(body, "last", 1, (const int64_t[]){-1});
    struct tensor *w = MADE(body, "SequenceAt", graph_capture(body, s), last);
    graph_output(body, MADE(body, "Tanh", MADE(body, "Add", MADE(body, "Mul", h, w), x)));
    n->in[1] = n->in[3];
    n->n_in = 2;
    come_before(g, n);
    node_set_graph(g, n, "body", body);
}

static void what_sequences_hold(void **state)
{
    (void)state;
    rules_hold_with(&(struct rule_case){"ConcatFromSequence", "axis=1", {"2x3", "2x1", "=2x2"}}, 1, construct);
    rules_hold_with(&(struct rule_case){"ConcatFromSequence", "axis=-1 new_axis=1", {"2x3", "2x3"}}, 1, twice_in);
    rules_hold_with(&(struct rule_case){"SequenceAt", "", {"=2x3", "2x3", "=2x3", "c-1"}}, 1, put_in_and_taken_off);
    rules_hold_with(&(struct rule_case){"SequenceAt", "", {"2x3", "=2x3", "c0"}}, 1, from_empty);
    rules_hold_with(&(struct rule_case){"SequenceAt", "", {"2x6", "c2,2,2", "c1"}}, 1, split);
    rules_hold_with(&(struct rule_case){"SequenceAt", "", {"2x3x4", "c-2"}}, 1, split_in_ones);
    rules_hold_with(&(struct rule_case){"OptionalGetElement", "", {"2x3"}}, 1, optional);
    rules_hold_with(&(struct rule_case){"Scan", "num_scan_inputs=1", {"3", "=3", "3", "4x3"}}, 1, in_a_body);
}
static void a_sequence_of_a_loop(struct graph *g, struct node *n)
{
    struct graph *body = graph_body(g, "body");
    struct tensor *s = MADE(g, "SequenceConstruct", n->in[0]), *x = n->in[0];
    struct tensor *trips = graph_constant_ints(g, "trips", 1, (const int64_t[]){2});
    graph_input(body, "i", DTYPE_S64, 0, NULL);
    struct tensor *goes_on = graph_input(body, "goes on", DTYPE_BOOL, 0, NULL);
    struct tensor *held = graph_input(body, "s", DTYPE_F64, 2, x->shape.dim);
    held->form = FORM_SEQUENCE;
    graph_output(body, goes_on);
    graph_output(body, MADE(body, "SequenceInsert", held, graph_capture(body, x)));
    n->in[0] = MADE(g, "Loop", trips, graph_absent(g), s);
    node_set_graph(g, n->in[0]->producer, "body", body);
    come_before(g, n);
}
static void a_mapped_sequence(struct graph *g, struct node *n)
{
    struct graph *body = graph_body(g, "body");
    struct tensor *s = MADE(g, "SequenceConstruct", n->in[0]);
    struct tensor *each = graph_input(body, "each", DTYPE_F64, 2, n->in[0]->shape.dim);
    graph_output(body, MADE(body, "Tanh", each));
    n->in[0] = MADE(g, "SequenceMap", s);
    n->in[0]->producer->name = "of SequenceAt";
    node_set_graph(g, n->in[0]->producer, "body", body);
    come_before(g, n);
}
static void what_is_not_known_is_named(void **state)
{
    (void)state;
    rule_refuses_with(&(struct rule_case){"SequenceAt", "", {"2x3", "i2:()"}}, split_in_ones, "known while the model");
    rule_refuses_with(&(struct rule_case){"SequenceAt", "", {"2x3", "c0"}}, a_sequence_of_a_loop, "Loop makes it");
    rule_refuses_with(&(struct rule_case){"SequenceAt", "", {"2x3", "c0"}}, a_mapped_sequence,
                      "no gradient of this operator is known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_of_pictures),        cmocka_unit_test(transforms),
        cmocka_unit_test(kept_by_a_condition),        cmocka_unit_test(what_sequences_hold),
        cmocka_unit_test(what_is_not_known_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
