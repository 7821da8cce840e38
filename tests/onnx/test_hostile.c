/* Graphs that contradict themselves: files made from a line of text, each refused, or counted, by the line beside it.
 */
#include "check.h"
#include "model/model.h"
#include "ops/analysis.h"
#include "write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/tmp/gable-hostile.onnx"
enum { F32 = 1, S64 = 7 };

/* Statements end with ';': "in x 1x3", "w k 4x3" (zeros), "ints s 1,2", "out y", "Conv x k > y group=2 pads=1,1". */
static const struct hostile {
    const char *what, *text, *line; /* line: what is printed after the file's name; NULL: the model is counted */
} cases[] = {
    {"a chain", "in x 1x4; Relu x > y; out y", NULL},
    {"no nodes, an input handed out", "in x 1x4; out x", NULL},
    {"no output", "in x 1x4; Relu x > y", "the graph has no output"},
    {"nothing at all", "", "the graph has no output"},
    {"self loop", "in x 1x4; Add x y > y; out y",
     "node 0 Add (Add): its input y is made by nobody, or by what waits for it (a cycle)"},
    {"cycle of two", "in x 1x4; Add x b > a; Relu a > b; out b",
     "node 1 Relu (Relu): its input a is made by nobody, or by what waits for it (a cycle)"},
    {"out of order, as a converter to 16 bits writes its casts", "in x 1x4; Relu a > y; Relu x > a; out y", NULL},
    {"backwards", "in x 1x4; Relu c > y; Relu b > c; Relu a > b; Relu x > a; out y", NULL},
    {"a cycle behind nodes that are out of order", "in x 1x4; Relu a > y; Add x b > a; Relu a > b; out y",
     "node 2 Relu (Relu): its input a is made by nobody, or by what waits for it (a cycle)"},
    {"two producers", "in x 1x4; Relu x > y; Abs x > y; out y", "node 1 Abs (Abs): the tensor y is made twice"},
    {"an input made again", "in x 1x4; Relu x > x; out x", "node 0 Relu (Relu): the tensor x is made twice"},
    {"two inputs of a name", "in x 1x4; in x 1x5; Relu x > y; out y", "the input 'x' is listed twice"},
    {"two weights of a name", "in x 1x4; w k 4; w k 4; Add x k > y; out y", "the tensor k is made twice"},
    {"an input that nobody makes", "in x 1x4; Add x ghost > y; out y",
     "node 0 Add (Add): its input ghost is made by nobody, or by what waits for it (a cycle)"},
    {"an output that nobody makes", "in x 1x4; Relu x > y; out z", "the output z is made by no node"},
    {"a node without outputs", "in x 1x4; Relu x > ; out x",
     "node 0 Relu (Relu): has no output or more than 4096 operands"},
    {"a node without inputs", "in x 1x4; Relu > y; out y", "node Relu (Relu): 0 inputs given, 1 to 1 expected"},
    {"too many inputs", "in x 1x4; Relu x x > y; out y", "node Relu (Relu): 2 inputs given, 1 to 1 expected"},
    {"Upsample without inputs (crashed onnx's converter)", "Upsample > y; out y",
     "node Upsample (Upsample): 0 inputs given, 1 to 2 expected"},
    {"a required input left out", "in x 1x3x8x8; Conv x - > y; out y",
     "node Conv (Conv): input 1 is left out, it is required"},
    {"a negative dimension", "in x 1x-4; Relu x > y; out y",
     "free dimensions: x=1x?; say --shape x=1xN with numbers for N"},
    {"a dimension of 0", "in x 0x4; Relu x > y; out y", NULL},
    {"a dimension of 2^62", "in x 4611686018427387904; Relu x > y; out y",
     "dimension 0 of the input x is 4611686018427387904, it must be 0 to 2^48"},
    {"a window over 2^63 - 1 pixels (found by fuzzing)", "in x 1x4x9223372036854775807; w k 4x4x3; Conv x k > y; out y",
     "dimension 2 of the input x is 9223372036854775807, it must be 0 to 2^48"},
    {"2^40 x 2^40", "in x 1099511627776x1099511627776; Relu x > y; out y", NULL},
    {"group 0", "in x 1x4x8x8; w k 4x4x3x3; Conv x k > y group=0; out y",
     "node Conv (Conv): group is 0, it must be 1 to 281474976710656"},
    {"group of 2^63 - 1", "in x 1x4x8x8; w k 4x4x3x3; Conv x k > y group=9223372036854775807; out y",
     "node Conv (Conv): group is 9223372036854775807, it must be 1 to 281474976710656"},
    {"stride 0", "in x 1x4x8x8; w k 4x4x3x3; Conv x k > y strides=0,1; out y",
     "node Conv (Conv): strides is 0, it must be 1 to 2147483648"},
    {"pads at INT64_MIN", "in x 1x4x8x8; w k 4x4x3x3; Conv x k > y pads=-9223372036854775808,0,0,0; out y",
     "node Conv (Conv): pads is -9223372036854775808, it must be 0 to 2147483648"},
    {"blocksize 0 (DepthToSpace crashed two runtimes)", "in x 1x4x8x8; DepthToSpace x > y blocksize=0; out y",
     "node DepthToSpace (DepthToSpace): blocksize is 0, it must be 1 to 1048576"},
    {"blocksize 2^32", "in x 1x4x8x8; DepthToSpace x > y blocksize=4294967296; out y",
     "node DepthToSpace (DepthToSpace): blocksize is 4294967296, it must be 1 to 1048576"},
    {"an axis out of range", "in x 1x4; Softmax x > y axis=2; out y",
     "node Softmax (Softmax): axis is 2, it must be -2 to 1"},
    {"Reshape to another size", "in x 1x4; ints s 3,3; Reshape x s > y; out y",
     "node Reshape (Reshape): the new shape holds 9 values, the input 4"},
    {"Expand to 2^60 elements", "in x 1x1; ints s 1073741824,1073741824; Expand x s > y; out y", NULL},
    {"Tile beyond counting", "in x 2x2; ints s 4611686018427387904,2; Tile x s > y; out y",
     "node Tile (Tile): dimension 0 of the output is 9223372036854775807, it must be 0 to 2^48"},
    {"ConstantOfShape of 2^80", "ints s 1099511627776,1099511627776; ConstantOfShape s > y; out y", NULL},
    {"rank 65",
     "in x 1; ints s 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
     "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1; Reshape x s > y; out y",
     "node Reshape (Reshape): shape has 65 values, at most 64 are supported"},
    {"an unknown operator", "in x 1x4; Frobnicate x > y; out y",
     "node Frobnicate (Frobnicate): this operator is not in the table and the file states no shape for its output y; "
     "onnx.shape_inference or the exporter can write it as value_info"},
    {"a Split that does not add up", "in x 1x5; ints s 1,3; Split x s > a b axis=1; out a",
     "node Split (Split): the parts have 4 values together, the input 5"},
    {"a permutation that repeats", "in x 2x3; Transpose x > y perm=0,0; out y",
     "node Transpose (Transpose): perm names axis 0 twice"},
    {"an If without branches", "in x 1; If x > y; out y",
     "node If (If): then_branch and else_branch must both be there"},
    {"a Loop without a body", "in x 1; Loop - - x > y; out y",
     "node Loop (Loop): body or its first two inputs are missing"},
    {"a Loop without inputs", "in x 1; Loop > y; out y", "node Loop (Loop): body or its first two inputs are missing"},
    {"a Scan without a body", "in x 3x4; Scan x > y num_scan_inputs=1; out y",
     "node Scan (Scan): body or num_scan_inputs is missing"},
    {"a size of frames below 0", "in x 1x16x1; ints s -4; ints l 8; STFT x s - l > y; out y",
     "node STFT (STFT): input 1 is -4, it must be 1 to 281474976710656"},
    {"more boxes than counting",
     "in b 1x6x4; in s 1x2x6; ints m 9223372036854775807; NonMaxSuppression b s m > y; out y", NULL},
    {"Gather outside", "in x 2x3; ints i 1; Gather x i > y axis=-3; out y",
     "node Gather (Gather): axis is -3, it must be -2 to 1"},
};

static int read_dims(const char *text, int64_t *dim, const char *separators)
{
    char *copy = strdup(text), *save = NULL;
    int n = 0;
    assert_non_null(copy);
    for (char *word = strtok_r(copy, separators, &save); word && n < 80; word = strtok_r(NULL, separators, &save))
        dim[n++] = strtoll(word, NULL, 10);
    free(copy);
    return n;
}

static void add_initializer(struct arena *a, Onnx__GraphProto *g, const char *kind, const char *name, const char *text)
{
    int64_t dim[80];
    int n = read_dims(text, dim, kind[0] == 'w' ? "x" : ",");
    size_t bytes = sizeof(float);
    const int64_t length = n;
    bool is_weight = kind[0] == 'w';
    Onnx__TensorProto *t =
        write_add_initializer(a, g, name, is_weight ? F32 : S64, is_weight ? n : 1, is_weight ? dim : &length);
    for (int i = 0; is_weight && i < n; i++) bytes *= (size_t)dim[i];
    if (!is_weight) bytes = (size_t)n * sizeof *dim;
    t->has_raw_data = 1;
    t->raw_data.len = bytes;
    t->raw_data.data = arena_alloc(a, bytes);
    assert_non_null(t->raw_data.data);
    if (!is_weight) memcpy(t->raw_data.data, dim, bytes);
}

static void add_attribute(struct arena *a, Onnx__NodeProto *n, char *word)
{
    char *value = strchr(word, '=');
    *value++ = 0;
    int64_t *numbers = arena_array(a, 80, sizeof *numbers);
    Onnx__AttributeProto *x = write_attribute(a, n, word);
    int count_of = read_dims(value, numbers, ",");
    x->has_type = 1;
    x->type =
        strchr(value, ',') ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    x->has_i = 1;
    x->i = numbers[0];
    x->n_ints = strchr(value, ',') ? (size_t)count_of : 0;
    x->ints = numbers;
}

/* "Conv x k > y group=2" */
static void add_node(struct arena *a, Onnx__GraphProto *g, const char *op, char *rest)
{
    char in[256] = "", out[256] = "", *attributes[8], *save = NULL;
    int n = 0;
    bool is_out = false;
    for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *list = is_out ? out : in;
        if (!strcmp(word, ">"))
            is_out = true;
        else if (strchr(word, '='))
            attributes[n++] = word;
        else
            snprintf(list + strlen(list), 256 - strlen(list), "%s ", word);
    }
    Onnx__NodeProto *node = write_node(a, "", op, in, out);
    node->name = arena_string(a, op);
    for (int i = 0; i < n; i++) add_attribute(a, node, attributes[i]);
    write_add_node(a, g, node);
}

static void add_statement(struct arena *a, Onnx__GraphProto *g, char *text)
{
    int64_t dim[80];
    char *save = NULL, *op = strtok_r(text, " ", &save);
    if (!op) return;
    if (!strcmp(op, "in")) {
        const char *name = strtok_r(NULL, " ", &save);
        write_add_input(a, g, name, F32, read_dims(strtok_r(NULL, " ", &save), dim, "x"), dim);
    } else if (!strcmp(op, "out")) {
        write_add_output(a, g, strtok_r(NULL, " ", &save));
    } else if (!strcmp(op, "w") || !strcmp(op, "ints")) {
        const char *name = strtok_r(NULL, " ", &save);
        add_initializer(a, g, op, name, strtok_r(NULL, " ", &save));
    } else {
        add_node(a, g, op, save);
    }
}

/* What the program prints after the file's name; "" where the model is counted. */
static void answer_of(const struct hostile *h, char *line, size_t room)
{
    struct arena *a = arena_new(1 << 22);
    Onnx__ModelProto *m = write_model(a);
    char *text = arena_string(a, h->text), *save = NULL;
    struct graph *g = NULL;
    struct analysis *costs = NULL;
    gable_error e = {0};
    for (char *one = strtok_r(text, ";", &save); one; one = strtok_r(NULL, ";", &save)) add_statement(a, m->graph, one);
    write_file(m, PATH);
    gable_status s = model_open(PATH, &(struct model_options){0}, &g, &e);
    if (!s) s = analysis_new(g, NULL, &costs, &e);
    const char *where = strstr(e.where, PATH) ? strstr(e.where, PATH) + strlen(PATH) : e.where;
    where += strspn(where, ": ");
    snprintf(line, room, "%s%s%s", where, *where ? ": " : "", e.why);
    if (s) assert_true(e.why[0] && strlen(e.where) + strlen(e.why) < 500);
    analysis_free(costs);
    graph_free(g);
    arena_free(a);
    unlink(PATH);
}

static void each_is_answered_by_its_line(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[600];
        answer_of(&cases[i], line, sizeof line);
        if (!strcmp(line, cases[i].line ? cases[i].line : "")) continue;
        print_message("%s: \"%s\"\n", cases[i].what, line);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_answered_by_its_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
