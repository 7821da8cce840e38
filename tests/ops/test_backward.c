/* Gradients: every operator's cost by hand, what it reads again, how a gradient finds its way through a network. */
#include "check.h"
#include "one_node.h"
#include "ops/training.h"

#include <string.h>

/* The gradients of inputs 0, 1, 2: MACs and FLOPs; -1 ends the row. Input 0 is an activation, the others weights. */
static const struct gradient_case {
    struct one_node node;
    struct cost gradient[4];
} cases[] = {
    /* every gradient of an output meets 3 x 49 taps; 64 biases sum 64 x 112 x 112 values */
    {{"Conv", "", "1x3x224x224 64x3x7x7 64", 1, {INTS("strides", 2, 2, 2), INTS("pads", 4, 3, 3, 3, 3)}},
     {{118013952, 236027904}, {118013952, 236027904}, {0, 64 * 112 * 112 - 64}, {-1, 0}}},
    /* depthwise: 32 x 36 outputs x 9 taps, not x 32 channels */
    {{"Conv", "", "1x32x6x6 32x1x3x3", 1, {INT("group", 32), INTS("pads", 4, 1, 1, 1, 1)}},
     {{10368, 20736}, {10368, 20736}, {-1, 0}}},
    /* group 2: 4 x 4 outputs x (4 channels x 9) */
    {{"Conv", "", "1x8x4x4 4x4x3x3", 1, {INT("group", 2)}}, {{576, 1152}, {576, 1152}, {-1, 0}}},
    /* 2 x 25 inputs x (4 x 9); 4 biases of 121 values each: (5 - 1) x 2 + 3 = 11 */
    {{"ConvTranspose", "", "1x2x5x5 2x4x3x3 4", 1, {INTS("strides", 2, 2, 2)}},
     {{1800, 3600}, {1800, 3600}, {0, 4 * 120}, {-1, 0}}},
    {{"Gemm", "", "3x7 5x7 5", 1, {INT("transB", 1)}}, {{105, 210}, {105, 210}, {0, 10}, {-1, 0}}},
    /* alpha scales 15 gradients for each factor; beta scales 5 sums */
    {{"Gemm", "", "3x7 7x5 5", 1, {REAL("alpha", 0.5), REAL("beta", 2)}}, {{105, 225}, {105, 225}, {0, 15}, {-1, 0}}},
    /* 24 products of 3 x 7 x 5; a: 4 x 1 stacks of 21 out of 24; b: 6 stacks of 35 out of 24 */
    {{"MatMul", "", "4x1x3x7 6x7x5", 1, {{0}}},
     {{2520, 5040 + 24 * 21 - 4 * 21}, {2520, 5040 + 24 * 35 - 6 * 35}, {-1, 0}}},
    {{"MatMul", "", "7 7x5", 1, {{0}}}, {{35, 70}, {35, 70}, {-1, 0}}},
    /* 96 values, 3 channels: 4 x 96 + 7 x 3; 3 x 96; 96 - 3 */
    {{"BatchNormalization", "", "2x3x4x4 3 3 3 3", 1, {{0}}}, {{0, 405}, {0, 288}, {0, 93}, {-1, 0}}},
    /* 24 values in 2 sets: 7 + scale; 2 again, product and sum less 12; 24 - 12 */
    {{"LayerNormalization", "", "2x12 12 12", 1, {{0}}}, {{0, 192}, {0, 84}, {0, 12}, {-1, 0}}},
    {{"GroupNormalization", "", "2x4x3x3 4 4", 1, {INT("num_groups", 2)}}, {{0, 576}, {0, 284}, {0, 68}, {-1, 0}}},
    {{"InstanceNormalization", "", "2x3x4x4 3 3", 1, {{0}}}, {{0, 768}, {0, 381}, {0, 93}, {-1, 0}}},
    {{"Relu", "", "2x5", 1, {{0}}}, {{0, 10}, {-1, 0}}},
    {{"Sigmoid", "", "2x5", 1, {{0}}}, {{0, 30}, {-1, 0}}},
    {{"Swish", "", "2x5", 1, {{0}}}, {{0, 90}, {-1, 0}}},
    {{"Swish", "", "2x5", 1, {REAL("alpha", 1.702)}}, {{0, 100}, {-1, 0}}},
    {{"HardSwish", "", "2x5", 1, {{0}}}, {{0, 50}, {-1, 0}}},
    {{"Clip", "", "4 () ()", 1, {{0}}}, {{0, 8}, {0, 0}, {-1, 0}}},
    /* one gradient for each of 2 x 3 from 2 x 3 x 4 */
    {{"Add", "", "2x3x4 2x3x1", 1, {{0}}}, {{0, 0}, {0, 24 - 6}, {-1, 0}}},
    {{"Sub", "", "2x3 2x3", 1, {{0}}}, {{0, 0}, {0, 6}, {-1, 0}}},
    {{"Mul", "", "1x4x5x5 1x4x1x1", 1, {{0}}}, {{0, 100}, {0, 100 + 96}, {-1, 0}}},
    {{"Div", "", "6 6", 1, {{0}}}, {{0, 6}, {0, 18}, {-1, 0}}},
    {{"Pow", "", "6 ()", 1, {{0}}}, {{0, 24}, {0, 18 + 5}, {-1, 0}}},
    {{"PRelu", "", "2x6 6", 1, {{0}}}, {{0, 24}, {0, 24 + 6}, {-1, 0}}},
    {{"Max", "", "6 6 6", 1, {{0}}}, {{0, 6}, {0, 6}, {0, 6}, {-1, 0}}},
    /* rows of 5: 4 x 5 - 1 */
    {{"Softmax", "", "2x5", 1, {{0}}}, {{0, 38}, {-1, 0}}},
    {{"LogSoftmax", "", "2x5", 1, {{0}}}, {{0, 38}, {-1, 0}}},
    /* 2 x 4 x 4 outputs */
    {{"MaxPool", "", "1x2x8x8", 1, {INTS("kernel_shape", 2, 2, 2), INTS("strides", 2, 2, 2)}}, {{0, 32}, {-1, 0}}},
    {{"AveragePool", "", "1x2x8x8", 1, {INTS("kernel_shape", 2, 2, 2), INTS("strides", 2, 2, 2)}},
     {{0, 32 * 5}, {-1, 0}}},
    {{"GlobalAveragePool", "", "2x3x4x4", 1, {{0}}}, {{0, 6}, {-1, 0}}},
    {{"GlobalMaxPool", "", "2x3x4x4", 1, {{0}}}, {{0, 0}, {-1, 0}}},
    /* 3 bins over 5: 2 + 3 + 2 = 7 values a side: 49 values, 25 inputs, 9 outputs */
    {{"AdaptiveAveragePool", "ai.gable", "1x1x5x5", 1, {INTS("output_size", 2, 3, 3)}}, {{0, 9 + 49 - 25}, {-1, 0}}},
    {{"ReduceMean", "", "2x3x4 i:1", 1, {{0}}}, {{0, 8}, {-1, 0}}},
    {{"ReduceSum", "", "2x3x4 i:1", 1, {{0}}}, {{0, 0}, {-1, 0}}},
    {{"ReduceLogSumExp", "", "2x3x4 i:1", 1, {{0}}}, {{0, 72}, {-1, 0}}},
    {{"ReduceL2", "", "2x3x4 i:1", 1, {{0}}}, {{0, 24 + 8}, {-1, 0}}},
    {{"Expand", "", "3x1 i:2,3,4", 1, {{0}}}, {{0, 24 - 3}, {-1, 0}}},
    {{"Gather", "", "5x4 i:0,2,2", 1, {{0}}}, {{0, 12}, {-1, 0}}},
    {{"CumSum", "", "2x5 i:1", 1, {{0}}}, {{0, 10}, {-1, 0}}},
    {{"Concat", "", "1x2 1x3", 1, {INT("axis", 1)}}, {{0, 0}, {0, 0}, {-1, 0}}},
    {{"Transpose", "", "2x3", 1, {{0}}}, {{0, 0}, {-1, 0}}},
    {{"Dropout", "", "2x5", 1, {{0}}}, {{0, 10}, {-1, 0}}},
    {{"StochasticDepth", "ai.gable", "2x5", 1, {{0}}}, {{0, 10}, {-1, 0}}},
    /* 5 x 2 steps, 4 gates of 3 units: X, W 120 rows x 7; R 2 x 120 x 3 and 23 for each of 30 units; B one sum a row */
    {{"LSTM", "", "5x2x7 1x12x7 1x12x3 1x24", 1, {{0}}}, {{840, 1680}, {840, 1680}, {720, 1440 + 690}, {0, 120}}},
    {{"GRU", "", "5x2x7 1x9x7 1x9x3", 1, {{0}}}, {{630, 1260}, {630, 1260}, {540, 1080 + 540}, {-1, 0}}},
    {{"RNN", "", "5x2x7 1x3x7 1x3x3", 1, {{0}}}, {{210, 420}, {210, 420}, {180, 360 + 120}, {-1, 0}}},
    /* 30 outputs: 4 taps; the grid along 2 axes: 2 differences, 2 products, 1 sum, times dy, summed */
    {{"GridSample", "", "1x2x4x4 1x3x5x2", 1, {{0}}}, {{0, 30 * 8}, {0, 30 * 2 * 7}, {-1, 0}}},
    {{"GridSample", "", "1x2x4x4 1x3x5x2", 1, {WORD("mode", "nearest")}}, {{0, 30}, {0, 0}, {-1, 0}}},
    {{"GridSample", "", "1x1x4x4x4 1x1x2x3x3", 1, {{0}}}, {{0, 6 * 16}, {0, 6 * 3 * 13}, {-1, 0}}},
    /* 5 x 3 x 2 x 2 outputs of 2 x 2 samples of 4 pixels, product and sum; one division each */
    {{"RoiAlign", "", "1x3x8x8 5x4 5", 1, {INT("output_height", 2), INT("output_width", 2), INT("sampling_ratio", 2)}},
     {{0, 60 * 4 * 8 + 60}, {0, 0}, {0, 0}, {-1, 0}}},
    {{"MaxRoiPool", "", "1x3x8x8 5x5", 1, {INTS("pooled_shape", 2, 2, 2)}}, {{0, 60}, {0, 0}, {-1, 0}}},
    {{"MaxUnpool", "", "1x1x2x2 1x1x2x2", 1, {INTS("kernel_shape", 2, 2, 2), INTS("strides", 2, 2, 2)}},
     {{0, 0}, {-1, 0}}},
    /* 2 lines of 16: 5 x 16 x 4 each */
    {{"DFT", "", "2x16x1", 1, {{0}}}, {{0, 2 * 320}, {-1, 0}}},
    /* 3 frames of 8 in 16 values, 4 apart: 5 x 8 x 3 each; 24 products; 24 values into 16, into 8 */
    {{"STFT", "", "1x16x1 i:4 8", 1, {{0}}}, {{0, 360 + 24 + 8}, {0, 0}, {0, 360 + 24 + 16}, {-1, 0}}},
    /* 4 outputs of 9 values; p 1: compare, negate, add */
    {{"LpPool", "", "1x1x4x4", 1, {INTS("kernel_shape", 2, 3, 3)}}, {{0, 4 * (2 * 9 + 1)}, {-1, 0}}},
    {{"LpPool", "", "1x1x4x4", 1, {INTS("kernel_shape", 2, 3, 3), INT("p", 1)}}, {{0, 4 * 27}, {-1, 0}}},
    {{"GlobalLpPool", "", "1x2x3x3", 1, {{0}}}, {{0, 18 + 2}, {-1, 0}}},
    {{"GlobalLpPool", "", "1x2x3x3", 1, {INT("p", 3)}}, {{0, 2 * (18 + 2)}, {-1, 0}}},
    {{"LpNormalization", "", "3x4", 1, {{0}}}, {{0, 3 * 19}, {-1, 0}}},
    {{"LpNormalization", "", "3x4", 1, {INT("p", 1)}}, {{0, 3 * 23}, {-1, 0}}},
    {{"Det", "", "2x3x3", 1, {{0}}}, {{0, 2 * (54 + 9 + 1)}, {-1, 0}}},
    /* 3 rows of 4 values go into 2 sums */
    {{"OneHot", "", "i:0,1,2 i:4 2", 1, {{0}}}, {{0, 0}, {0, 0}, {0, 12 - 2}, {-1, 0}}},
    {{"Compress", "", "2x4 4", 1, {INT("axis", 1)}}, {{0, 0}, {-1, 0}}},
    {{"SequenceConstruct", "", "2x3 2x3", 1, {{0}}}, {{0, 0}, {0, 0}, {-1, 0}}},
    {{"SplitToSequence", "", "2x3", 1, {{0}}}, {{0, 0}, {-1, 0}}},
};

static void gradients_cost_what_was_derived(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        gable_error e = {0};
        struct graph *g = NULL;
        struct node *n = one_node_new(&cases[i].node, &g);
        assert_ok(ops_infer_node(g, n, &e), &e);
        for (int k = 0; k < 4 && cases[i].gradient[k].macs >= 0; k++) {
            struct cost want = cases[i].gradient[k], got = n->op->train.gradient(n, k);
            if (got.macs != want.macs || got.flops != want.flops)
                fail_msg("row %zu, %s, input %d: %lld MACs and %lld FLOPs, not %lld and %lld", i, n->op_type, k,
                         (long long)got.macs, (long long)got.flops, (long long)want.macs, (long long)want.flops);
        }
        graph_free(g);
    }
}

static void every_operator_says_what_flows_back(void **state)
{
    (void)state;
    const struct op *op;
    for (int i = 0; (op = op_at(i)); i++) {
        assert_non_null(op->train.formula);
        bool is_none = !strncmp(op->train.formula, "none: ", 6);
        if (is_none == (op->train.gradient != NULL)) fail_msg("%s: %s", op->name, op->train.formula);
        if (op->train.keep) assert_non_null(op->train.gradient);
    }
}

static void training_forward_is_another(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = NULL;
    struct one_node norm = {"BatchNormalization", "", "2x3x4x4 3 3 3 3", 1, {{0}}};
    struct node *n = one_node_new(&norm, &g);
    assert_ok(ops_infer_node(g, n, &e), &e);
    assert_int_equal(op_training_cost(n).flops, 6 * 96 + 13 * 3);
    assert_int_equal(op_cost(n).flops, 2 * 96);
    assert_int_equal(n->op->train.keep_bytes(n), 2 * 3 * 4);
    graph_free(g);
}

/* x 1x2x4x4 -> conv a (2 of 1x1) -> relu b -> conv c (2 of 1x1) -> add d = c + b -> flatten f -> gemm y (32 -> 3).
   Tensors of 32 values, 128 bytes. */
struct net {
    struct graph *g;
    struct tensor *x, *a, *b, *c, *d, *f, *y;
    struct analysis *analysis;
    struct training *training;
};

static struct tensor *weight(struct graph *g, const char *name, int rank, const int64_t *dim)
{
    return graph_initializer(g, name, ROLE_WEIGHT, DTYPE_F32, rank, dim);
}

static struct tensor *one(struct net *t, const char *op, const char *name, int n_in, struct tensor *const *in)
{
    gable_error e = {0};
    struct node *n = graph_node(t->g, op, "", name, NULL, n_in, in, 1);
    if (!strcmp(op, "Gemm")) node_set_int(t->g, n, "transB", 1);
    assert_ok(ops_infer_node(t->g, n, &e), &e);
    return n->out[0];
}

static void net_open(struct net *t, const char *activation)
{
    gable_error e = {0};
    struct graph *g = t->g = graph_new("net", "test", 1 << 20);
    t->x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 4, 4});
    struct tensor *v = weight(g, "v", 4, (const int64_t[]){2, 2, 1, 1}),
                  *w = weight(g, "w", 4, (const int64_t[]){2, 2, 1, 1}),
                  *u = weight(g, "u", 2, (const int64_t[]){3, 32});
    t->a = one(t, "Conv", "a", 2, (struct tensor *[]){t->x, v});
    t->b = one(t, activation, "b", 1, &t->a);
    t->c = one(t, "Conv", "c", 2, (struct tensor *[]){t->b, w});
    t->d = one(t, "Add", "d", 2, (struct tensor *[]){t->c, t->b});
    t->f = one(t, "Flatten", "f", 1, &t->d);
    t->y = one(t, "Gemm", "y", 2, (struct tensor *[]){t->f, u});
    graph_output(g, t->y);
    assert_ok(analysis_new(g, NULL, &t->analysis, &e), &e);
    assert_ok(training_new(t->analysis, OPTIMIZER_ADAM, &t->training, &e), &e);
}

static void net_close(struct net *t)
{
    training_free(t->training);
    analysis_free(t->analysis);
    graph_free(t->g);
}

static void needs_follow_the_parameters(void **state)
{
    (void)state;
    struct net t;
    net_open(&t, "Relu");
    const struct backward *b = &t.analysis->backward;
    /* data: y 32 x 3, c 32 x 2; a none, its input is the model's. weight: all three */
    assert_int_equal(b->data.macs, 96 + 64);
    assert_int_equal(b->weight.macs, 96 + 64 + 64);
    /* b gets two parts: 32 additions; relu 32 comparisons; the sum d passes its gradient on */
    assert_int_equal(b->data.flops, 2 * (96 + 64) + 32 + 32);
    assert_int_equal(b->weight.flops, 2 * (96 + 64 + 64));
    assert_false(t.analysis->gradients.flows[t.x->index]);
    assert_int_equal(t.analysis->gradients.parts[t.b->index], 2);
    assert_int_equal(t.analysis->kinds[KIND_ACTIVATION].backward.data.flops, 32);
    assert_null(t.analysis->gradients.dead_end);
    net_close(&t);
}

static void memory_of_a_step_by_hand(void **state)
{
    (void)state;
    struct net t;
    net_open(&t, "Relu");
    const struct training_memory *m = &t.training->memory;
    /* v, w 4 values, u 96: 416 bytes; Adam keeps two of each */
    assert_int_equal(m->weights, 416);
    assert_int_equal(m->gradients, 416);
    assert_int_equal(m->optimizer, 832);
    /* kept: x for v, b for w and for relu (once), d (seen through f) for u; a and c are not */
    assert_int_equal(m->saved, 3 * 128);
    /* forward d: x, b, c, d alive: 512. backward y (step 6): x, b, d, y's and d's gradients, y: 384 + 12 + 12 + 128.
       backward c (step 8): x, b, the gradient of d, which is c's, and b's: 512. backward d adds nothing. So step 6. */
    assert_int_equal(m->working, 12 + 12 + 128);
    assert_int_equal(m->total, 416 + 416 + 832 + 384 + 152);
    assert_int_equal(t.training->timeline.peak_step, 6);
    net_close(&t);
}

static void bytes_of_a_step_by_hand(void **state)
{
    (void)state;
    struct net t;
    net_open(&t, "Relu");
    const struct work *p = t.training->passes;
    /* conv in, 16 of weights, out; relu; conv; sum of two; gemm: 128 + 384 in, 12 out */
    assert_int_equal(p[PASS_FORWARD].bytes, 272 + 256 + 272 + 384 + 524);
    /* y: dy 12, u 384, df 128. d: c's passed on, b's first part is a copy of nothing, passed on. c: dc 128, w 16, b's
       gradient read and written 256. relu: db 128, b 128, da 128 */
    assert_int_equal(p[PASS_DATA].bytes, 524 + 400 + 384);
    /* y: dy 12, f 128, du 384. c: dc 128, b 128, dw 16. a: da 128, x 128, dv 16 */
    assert_int_equal(p[PASS_WEIGHT].bytes, 524 + 272 + 272);
    assert_int_equal(p[PASS_UPDATE].bytes, 7 * 416);
    assert_int_equal(p[PASS_UPDATE].cost.flops, 13 * 104);
    net_close(&t);
}

/* Behind an operator without a gradient nothing is trained, and the operator is named. */
static void a_dead_end_is_found(void **state)
{
    (void)state;
    struct net t;
    net_open(&t, "Round");
    assert_non_null(t.analysis->gradients.dead_end);
    assert_string_equal(t.analysis->gradients.dead_end->name, "b");
    assert_int_equal(t.analysis->backward.weight.macs, 96 + 64);
    assert_int_equal(t.analysis->backward.data.macs, 96);
    assert_int_equal(t.training->memory.gradients, 400); /* v has none */
    net_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_cost_what_was_derived),
        cmocka_unit_test(every_operator_says_what_flows_back),
        cmocka_unit_test(training_forward_is_another),
        cmocka_unit_test(needs_follow_the_parameters),
        cmocka_unit_test(memory_of_a_step_by_hand),
        cmocka_unit_test(bytes_of_a_step_by_hand),
        cmocka_unit_test(a_dead_end_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
