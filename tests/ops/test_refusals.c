/* Nodes that contradict themselves: each is refused by a sentence that names the node and the fault. */
#include "check.h"
#include "one_node.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    struct one_node node;
    const char *sentence;
} refusals[] = {
    {{"Frobnicate", "", "4", 1, {{0}}}, "not in the table"},
    {{"Relu", "com.example", "4", 1, {{0}}}, "not in the table"},
    {{"Relu", "", "4 4", 1, {{0}}}, "2 inputs given"},
    {{"Conv", "", "1x3x8x8 -", 1, {{0}}}, "input 1 is left out"},
    {{"Relu", "", "4", 2, {{0}}}, "2 outputs"},
    {{"Conv", "", "1x3x8x8 4x3x3", 1, {{0}}}, "weight has 3 dimensions"},
    {{"Conv", "", "3x8 4x3", 1, {{0}}}, "at least 3 are needed"},
    {{"Conv", "", "1x3x8x8 4x2x3x3", 1, {{0}}}, "contradict each other"},
    {{"Conv", "", "1x4x8x8 3x2x3x3", 1, {INT("group", 2)}}, "contradict each other"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INT("group", 0)}}, "group is 0"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INT("group", INT64_MIN)}}, "group is -"},
    {{"Conv", "", "1x3x8x8 4x3x3x3 5", 1, {{0}}}, "the bias must hold one value for each of 4"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("strides", 2, 0, 1)}}, "strides is 0"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("strides", 1, 1)}}, "strides has 1 values, this input needs 2"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INT("strides", 1)}}, "must be a list"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("pads", 4, -1, 0, 0, 0)}}, "pads is -1"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("pads", 3, 1, 0, 0)}}, "pads has 3 values, this input needs 4"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("pads", 4, INT64_MAX, 0, 0, 0)}}, "pads is"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("dilations", 2, INT64_MAX, 1)}}, "dilations is"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("dilations", 2, 1LL << 31, 1)}}, "does not fit into 8"},
    {{"Conv", "", "1x3x2x2 4x3x3x3", 1, {{0}}}, "too small"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {INTS("kernel_shape", 2, 5, 5)}}, "kernel_shape says 5"},
    {{"Conv", "", "1x3x8x8 4x3x0x3", 1, {{0}}}, "the weight's kernel is 0"},
    {{"Conv", "", "1x3x8x8 4x3x3x3", 1, {WORD("auto_pad", "SOMEHOW")}}, "auto_pad is 'SOMEHOW'"},
    {{"ConvTranspose", "", "1x2x5x5 3x4x3x3", 1, {{0}}}, "contradict each other"},
    {{"ConvTranspose", "", "1x2x1x1 2x4x3x3", 1, {INTS("pads", 4, 2, 2, 2, 2)}}, "pixels wide"},
    {{"Gemm", "", "3x7 5x7", 1, {{0}}}, "inner dimensions 7 and 5"},
    {{"Gemm", "", "3x7x1 7x5", 1, {{0}}}, "both must have 2"},
    {{"Gemm", "", "3x7 7x5 4", 1, {{0}}}, "bias does not fit"},
    {{"Gemm", "", "3x7 7x5 2x3x5", 1, {{0}}}, "bias does not fit"},
    {{"Gemm", "", "3x7 7x5", 1, {INT("transA", 2)}}, "transA is 2"},
    {{"MatMul", "", "3x7 5x7", 1, {{0}}}, "inner dimensions 7 and 5"},
    {{"MatMul", "", "2x3x7 3x7x5", 1, {{0}}}, "do not match"},
    {{"MatMul", "", "() 7x5", 1, {{0}}}, "scalar"},
    {{"Attention", "ai.gable", "2x3x4 2x2x4x5 2x5x7", 1, {{0}}}, "q has 3 dimensions, another factor 4"},
    {{"Attention", "ai.gable", "2x3x4 3x4x5 2x5x7", 1, {{0}}}, "stacks of matrices"},
    {{"Attention", "ai.gable", "3x4 4x5 6x7", 1, {{0}}}, "5, 6 differ"},
    {{"Attention", "ai.gable", "3x4 4x5 5x7 3x6", 1, {{0}}}, "mask does not fit"},
    {{"Attention", "ai.gable", "3x4 4x5 5x7 3x5 3x6", 1, {{0}}}, "mask does not fit"},
    {{"BatchNormalization", "", "2x3x4 4 3 3 3", 1, {{0}}}, "input 1 must hold one value for each of 3"},
    {{"BatchNormalization", "", "2x3x4 3 3 3 3", 1, {INT("training_mode", 2)}}, "training_mode is 2"},
    {{"GroupNormalization", "", "2x4x4 4 4", 1, {INT("num_groups", 3)}}, "cannot be cut into 3"},
    {{"GroupNormalization", "", "2x4x4 4 4", 1, {{0}}}, "cannot be cut into 0"},
    {{"LayerNormalization", "", "2x4 4", 1, {INT("axis", 2)}}, "axis is 2, it must be -2 to 1"},
    {{"Add", "", "2x3 4", 1, {{0}}}, "cannot be broadcast"},
    {{"Clip", "", "4 4", 1, {{0}}}, "bound 1 must be one value"},
    {{"Softmax", "", "4", 1, {INT("axis", -2)}}, "axis is -2"},
    {{"MaxPool", "", "1x2x8x8", 1, {{0}}}, "kernel_shape is missing"},
    {{"MaxPool", "", "1x2x8x8", 1, {INTS("kernel_shape", 2, 2, 2), INTS("pads", 4, 2, 2, 2, 2)}}, "padding alone"},
    {{"MaxPool", "", "1x2x1x1", 1, {INTS("kernel_shape", 2, 2, 2)}}, "too small"},
    {{"GlobalAveragePool", "", "1x2x0x8", 1, {{0}}}, "nothing is left"},
    {{"AdaptiveAveragePool", "ai.gable", "1x2x8x8", 1, {{0}}}, "output_size is missing"},
    {{"AdaptiveAveragePool", "ai.gable", "1x2x0x8", 1, {INTS("output_size", 2, 2, 2)}}, "0 pixels"},
    {{"ReduceMean", "", "2x3 i:2", 1, {{0}}}, "axes is 2"},
    {{"ReduceMean", "", "2x3 i:1,-1", 1, {{0}}}, "names axis 1 twice"},
    {{"ReduceMean", "", "2x3 1", 1, {{0}}}, "must be a constant"},
    {{"Concat", "", "1x2 1x3", 1, {{0}}}, "axis is missing"},
    {{"Concat", "", "1x2 2x2", 1, {INT("axis", 1)}}, "in dimension 0"},
    {{"Concat", "", "1x2 2", 1, {INT("axis", 0)}}, "input 1 has 1 dimensions"},
    {{"Split", "", "1x5 i:1,3", 2, {INT("axis", 1)}}, "the parts have 4 values together, the input 5"},
    {{"Split", "", "1x5 i:1,4,0", 2, {INT("axis", 1)}}, "lists 3 sizes for 2"},
    {{"Split", "", "1x5 i:-1,6", 2, {INT("axis", 1)}}, "is -1"},
    {{"Split", "", "1x2", 4, {INT("axis", 1)}}, "do not make 4 parts"},
    {{"Transpose", "", "2x3", 1, {INTS("perm", 2, 0, 0)}}, "twice"},
    {{"Transpose", "", "2x3", 1, {INTS("perm", 2, 0, 2)}}, "perm is 2"},
    {{"Pad", "", "2x3 i:0,0,-3,0", 1, {{0}}}, "is -1"},
    {{"Pad", "", "2x3 i:0,0,-9223372036854775808,0", 1, {{0}}}, "more than there is"},
    {{"Pad", "", "2x3 i:0,0", 1, {{0}}}, "pads has 2 values"},
    {{"Reshape", "", "2x3 i:4,2", 1, {{0}}}, "holds 8 values, the input 6"},
    {{"Reshape", "", "2x3 i:-1,4", 1, {{0}}}, "rows of 4"},
    {{"Reshape", "", "2x3 i:-1,-1", 1, {{0}}}, "two dimensions of -1"},
    {{"Reshape", "", "2x3 i:-2,3", 1, {{0}}}, "a dimension of -2"},
    {{"Reshape", "", "2x3 i:2,3,0", 1, {{0}}}, "dimension 2 is copied"},
    {{"Reshape", "", "2x3", 1, {{0}}}, "new shape is missing"},
    {{"Flatten", "", "2x3", 1, {INT("axis", 3)}}, "axis is 3"},
    {{"Flatten", "", "()", 1, {{0}}}, "at least 1 dimension"},
    {{"Squeeze", "", "2x3 i:0", 1, {{0}}}, "only 1 can be dropped"},
    {{"Unsqueeze", "", "2x3", 1, {{0}}}, "axes is missing"},
    {{"Unsqueeze", "", "2x3 i:0,0", 1, {{0}}}, "twice"},
};

static void contradictions_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        gable_error e = {0};
        struct graph *g = NULL;
        struct node *n = one_node_new(&refusals[i].node, &g);
        if (!ops_infer_node(g, n, &e)) fail_msg("row %zu, %s is accepted", i, n->op_type);
        if (!strstr(e.why, refusals[i].sentence))
            fail_msg("row %zu, %s: \"%s\" does not say \"%s\"", i, n->op_type, e.why, refusals[i].sentence);
        assert_contains(e.where, "node n (");
        assert_int_equal(e.status, GABLE_BAD_INPUT);
        graph_free(g);
    }
}

/* Every operator with every attribute that any reads, at the values that break arithmetic: an answer or a sentence,
   nothing undefined (the sanitizers watch), and never a negative dimension. */
static void hostile_attributes_end_in_sentences(void **state)
{
    (void)state;
    static const char *const names[] = {"group",          "axis",         "keepdims",    "transA",    "num_groups",
                                        "ceil_mode",      "kernel_shape", "strides",     "dilations", "pads",
                                        "output_padding", "output_shape", "output_size", "axes",      "split",
                                        "perm",           "shape",        "num_outputs"};
    static const int64_t values[] = {INT64_MIN, -1, 0, 1, 1LL << 31, 1LL << 32, INT64_MAX};
    int refused = 0, accepted = 0;
    for (int row = 0; op_at(row); row++)
        for (size_t a = 0; a < COUNT_OF(names); a++)
            for (size_t v = 0; v < COUNT_OF(values) * 2; v++) {
                const struct op *op = op_at(row);
                int64_t x = values[v / 2];
                struct one_node spec = {op->name, op->domain, "2x4x6x6 4x4x3x3 4 4 4", 1, {{0}}};
                if (op->inputs.max == 1)
                    spec.inputs = "2x4x6x6";
                else if (op->inputs.max == 2)
                    spec.inputs = "2x4x6x6 4x4x3x3";
                else if (op->inputs.max == 3)
                    spec.inputs = "2x4x6x6 4x4x3x3 4";
                spec.attrs[0] = v % 2 ? (struct attr)INT(names[a], x) : (struct attr)INTS(names[a], 2, x, x);
                if (strcmp(names[a], "kernel_shape")) spec.attrs[1] = (struct attr)INTS("kernel_shape", 2, 3, 3);
                gable_error e = {0};
                struct graph *g = NULL;
                struct node *n = one_node_new(&spec, &g);
                if (ops_infer_node(g, n, &e)) {
                    assert_true(strlen(e.why) > 10);
                    refused++;
                } else {
                    for (int i = 0; i < n->out[0]->shape.rank; i++) assert_true(n->out[0]->shape.dim[i] >= 0);
                    assert_true(op_cost(n).flops >= 0);
                    accepted++;
                }
                graph_free(g);
            }
    assert_true(refused > 1000 && accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(hostile_attributes_end_in_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
