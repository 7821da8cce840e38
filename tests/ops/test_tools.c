/* What other tools count for one layer: their rules, each written out for a layer that is small enough to be counted by
   hand. The factors are those that the tools showed when they were run on such layers (torch 1.13.1). */
#include "check.h"
#include "one_node.h"
#include "ops/convention.h"

#include <string.h>

static const char *const tools[] = {"thop",      "fvcore",       "ptflops",   "ptflops-aten",
                                    "torchinfo", "torchprofile", "deepspeed", "onnx-tool"};
enum { NONE = -1 }; /* the tool has a rule for it that is not here */

static const struct layer {
    const char *what;
    bool is_module;
    struct one_node node;
    count expected[COUNT_OF(tools)];
} layers[] = {
/* 4 x 8 x 8 outputs of 3 x 3 x 3 taps: 6912; 256 biases */
#define CONV                                                                \
    {                                                                       \
        "Conv", "", "1x3x8x8 4x3x3x3 4", 1, { INTS("pads", 4, 1, 1, 1, 1) } \
    }
    {"Conv2d", true, CONV, {6912, 6912, 7168, 7168, 7168, 6912, 2 * 6912 + 256, 7168}},
    {"F.conv2d", false, CONV, {0, 6912, 0, 7168, 0, 6912, 2 * 6912 + 256, 7168}},
    /* 2 x 8 outputs of 16: 256; 16 biases */
    {"Linear", true, {"Gemm", "", "2x16 8x16 8", 1, {INT("transB", 1)}}, {256, 256, 272, 272, 272, 256, 512, 272}},
    /* 8 channels to 4, kernel 4 x 4, stride 2: each of 8 x 8 x 8 inputs meets 4 x 16: 32768; 4 x 16 x 16 outputs meet
       8 x 16 by the rule of a convolution, and 4 x 16 by onnx-tool's */
    {"ConvTranspose2d",
     true,
     {"ConvTranspose", "", "1x8x8x8 8x4x4x4", 1, {INTS("strides", 2, 2, 2), INTS("pads", 4, 1, 1, 1, 1)}},
     {1024 * 128, 32768, 32768, 32768, 1024 * 128, 1024 * 128, 2 * 32768, 1024 * 64}},
/* 128 outputs, 2 x 8 parameters */
#define BATCH_NORM                                      \
    {                                                   \
        "BatchNormalization", "", "1x8x4x4 8 8 8 8", 1, \
        {                                               \
            {                                           \
                0                                       \
            }                                           \
        }                                               \
    }
    {"BatchNorm2d", true, BATCH_NORM, {4 * 128, 2 * 128, 2 * 128, 0, 16, 128, 2 * 128, 128}},
    {"F.batch_norm", false, BATCH_NORM, {0, 2 * 128, 0, 0, 0, 128, 2 * 128, 31 * 128}},
    /* 96 outputs, a batch of 2, 2 x 16 parameters */
    {"LayerNorm",
     true,
     {"LayerNormalization", "", "2x3x16 16 16", 1, {{0}}},
     {4 * 96, 5 * 96, 96, 0, 2 * 32, 96, 5 * 96, NONE}},
    {"GroupNorm",
     true,
     {"GroupNormalization", "", "1x8x4x4 8 8", 1, {INT("num_groups", 2)}},
     {0, 5 * 128, 2 * 128, 0, 16, NONE, 5 * 128, NONE}},
    {"ReLU", true, {"Relu", "", "1x8x4x4", 1, {{0}}}, {0, 0, 2 * 128, 0, 0, 0, 128, 128}},
    {"F.relu", false, {"Relu", "", "1x8x4x4", 1, {{0}}}, {0, 0, 128, 0, 0, 0, 128, 128}},
    {"GELU", true, {"Gelu", "", "1x8x4x4", 1, {{0}}}, {0, 0, 2 * 128, 0, 0, 0, 128, NONE}},
    {"SiLU", true, {"Swish", "", "1x8x4x4", 1, {{0}}}, {0, 0, 128, 0, 0, 0, 128, 33 * 128}},
    {"Hardswish", true, {"HardSwish", "", "1x8x4x4", 1, {{0}}}, {0, 0, 0, 0, 0, 0, 0, 5 * 128}},
    {"Sigmoid", true, {"Sigmoid", "", "1x8x4x4", 1, {{0}}}, {0, 0, 0, 0, 0, 0, 0, 32 * 128}},
    /* 2 rows of 16: 3 x 16 - 1 each */
    {"Softmax", true, {"Softmax", "", "2x16", 1, {{0}}}, {2 * 47, 0, 32, 0, 0, 0, 32, 36 * 32}},
    {"F.softmax", false, {"Softmax", "", "2x16", 1, {{0}}}, {0, 0, 32, 0, 0, 0, 32, 36 * 32}},
/* 512 inputs, 128 outputs */
#define POOL(op)                                                                          \
    {                                                                                     \
        op, "", "1x8x8x8", 1, { INTS("kernel_shape", 2, 2, 2), INTS("strides", 2, 2, 2) } \
    }
    {"MaxPool2d", true, POOL("MaxPool"), {0, 0, 2 * 512, 0, 0, 0, 512, 4 * 128}},
    {"F.max_pool2d", false, POOL("MaxPool"), {0, 0, 512, 0, 0, 0, 512, 4 * 128}},
    {"AvgPool2d", true, POOL("AveragePool"), {128, 0, 2 * 512, 0, 0, 128, 512, 4 * 128}},
    /* 128 inputs, 8 outputs */
    {"AdaptiveAvgPool2d",
     true,
     {"GlobalAveragePool", "", "1x8x4x4", 1, {{0}}},
     {8 * (16 + 1), 128, 2 * 128, 0, 0, 8, 128, 128 + 4 * 8}},
    /* 8 x 8 x 8 outputs */
    {"Upsample nearest",
     true,
     {"Resize", "", "1x8x4x4 - - i:1,8,8,8", 1, {WORD("mode", "nearest")}},
     {512, 512, 2 * 512, 0, 0, 0, 512, 0}},
    {"Upsample bilinear",
     true,
     {"Resize", "", "1x8x4x4 - - i:1,8,8,8", 1, {WORD("mode", "linear")}},
     {11 * 512, 4 * 512, 2 * 512, 0, 0, 4 * 512, 512, 4 * 512}},
    {"x + x", false, {"Add", "", "1x8x4x4 1x8x4x4", 1, {{0}}}, {0, 0, 0, 0, 0, 0, 0, 128}},
    {"x * x", false, {"Mul", "", "1x8x4x4 1x8x4x4", 1, {{0}}}, {0, 0, 0, 0, 0, 128, 0, 128}},
    /* 2 x 8 x 8 outputs of 16 */
    {"torch.matmul", false, {"MatMul", "", "2x8x16 2x16x8", 1, {{0}}}, {0, 2048, 2048, 2048, 0, 2048, 4096, 2048}},
    /* 8 steps of 2 sequences: 16 x 4 gates x 16 x (16 + 16) = 32768; 256 outputs */
    {"LSTM",
     true,
     {"LSTM", "", "8x2x16 1x64x16 1x64x16 1x128", 3, {INT("hidden_size", 16)}},
     {32768 + 16 * 256, 0, 32768 + 18 * 256, 32768 + 8 * 256, 32768 + 8 * 256, 32768, 2 * 32768 + 10 * 256, NONE}},
};

/* The layer in a graph that names modules. Of two operands of the same kind both are activations. */
static struct graph *built(const struct layer *l)
{
    struct graph *g = NULL;
    struct node *n = one_node_new(&l->node, &g);
    gable_error e = {0};
    assert_non_null(n);
    n->module = l->is_module ? l->what : NULL;
    if (n->n_in == 2 && n->in[0]->shape.rank == n->in[1]->shape.rank && !l->is_module) n->in[1]->role = ROLE_INPUT;
    for (int i = 3; i < n->n_in && !strcmp(n->op_type, "BatchNormalization"); i++) n->in[i]->role = ROLE_BUFFER;
    graph_node(g, "Identity", "", "another", "Identity", 1, &n->in[0], 1);
    assert_ok(ops_infer(g, &e), &e);
    return g;
}

static void layers_are_counted_as_the_tools_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(layers); i++) {
        struct graph *g = built(&layers[i]);
        for (size_t k = 0; k < COUNT_OF(tools); k++) {
            struct convention_total total;
            convention_count(convention_find(tools[k]), g, &total);
            count expected = layers[i].expected[k];
            if (expected == NONE ? total.n_lacking != 1 : total.value != expected || total.n_lacking)
                fail_msg("%s counts %lld for %s, not %lld; rules lack for %d", tools[k], (long long)expected,
                         layers[i].what, (long long)total.value, total.n_lacking);
        }
        graph_free(g);
    }
}

/* Of a file, names tell: "/a/fc/MatMul" with its bias beside it is a module, "/a/attention/MatMul" among others none.
 */
static void scopes_of_files_tell_modules(void **state)
{
    (void)state;
    gable_error e = {0};
    const int64_t x[] = {2, 4, 16}, w[] = {16, 16};
    struct graph *g = graph_new("file", "file.onnx", 1 << 20);
    struct tensor *in = graph_input(g, "x", DTYPE_F32, 3, x),
                  *bias = graph_initializer(g, "b", ROLE_WEIGHT, DTYPE_F32, 1, w);
    struct tensor *weight[] = {graph_initializer(g, "w", ROLE_WEIGHT, DTYPE_F32, 2, w),
                               graph_initializer(g, "v", ROLE_WEIGHT, DTYPE_F32, 2, w)};
    struct node *n = graph_node(g, "MatMul", "", "/a/fc/MatMul", NULL, 2, (struct tensor *[]){in, weight[0]}, 1);
    n = graph_node(g, "Add", "", "/a/fc/Add", NULL, 2, (struct tensor *[]){bias, n->out[0]}, 1);
    n = graph_node(g, "MatMul", "", "/a/attention/MatMul", NULL, 2, (struct tensor *[]){n->out[0], weight[1]}, 1);
    n = graph_node(g, "Softmax", "", "/a/attention/Softmax", NULL, 1, n->out, 1);
    n = graph_node(g, "Relu", "", "/a/Relu", NULL, 1, n->out, 1);
    n = graph_node(g, "Relu", "", "/a/last/Relu", NULL, 1, n->out, 1);
    graph_output(g, n->out[0]);
    assert_ok(ops_infer(g, &e), &e);
    struct convention_total total;
    convention_count(convention_find("torchinfo"), g, &total);
    assert_int_equal(total.value, 2 * 4 * 16 * 16 + 2 * 4 * 16); /* the first product and its bias */
    assert_int_equal(total.n_missed, 1);
    assert_string_equal(total.missed->name, "/a/attention/MatMul");
    convention_count(convention_find("ptflops"), g, &total); /* softmax once, the call of ReLU once, its module twice */
    assert_int_equal(total.value, 2 * 4 * 16 * 16 + 2 * 4 * 16 + (1 + 1 + 2) * 128);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_counted_as_the_tools_do),
        cmocka_unit_test(scopes_of_files_tell_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
