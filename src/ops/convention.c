#include "ops/convention.h"

#include <string.h>

/* clang-format off */
#define POOLED "GlobalAveragePool AdaptiveAveragePool"
#define LAYERS_MACS(call, factor) {"Conv ConvTranspose Linear", call, MEASURE_MACS, factor, "MACs of convolutions and linear layers"}
#define NOT_TRANSPOSED(call) {"Conv Linear", call, MEASURE_MACS, 1, "MACs of convolutions and linear layers"}
#define ON_OUTPUTS(call) {"ConvTranspose", call, MEASURE_OUTPUT_MACS, 1, "MACs of transposed convolutions, by outputs"}
#define PRODUCTS(factor) {"MatMul Einsum", CALL_ANY, MEASURE_MACS, factor, "MACs of products of two activations"}
#define CONV_BIAS(call) {"Conv ConvTranspose", call, MEASURE_BIASES, 1, "convolution biases"}
#define LINEAR_BIAS(call) {"Linear Bias", call, MEASURE_BIASES, 1, "linear biases"}
#define NORM(call, factor) {"BatchNormalization", call, MEASURE_OUTPUTS, factor, "batch norm outputs"}
#define LAYER_NORM(call, factor) {"LayerNormalization", call, MEASURE_OUTPUTS, factor, "layer norm outputs"}
#define GROUP_NORM(call, factor) {"GroupNormalization", call, MEASURE_OUTPUTS, factor, "group norm outputs"}
#define LSTM_MACS(call, factor) {"LSTM", call, MEASURE_MACS, factor, "MACs of LSTM"}
#define LSTM_REST(call, factor) {"LSTM", call, MEASURE_OUTPUTS, factor, "LSTM outputs"}
/* clang-format on */

/* Read from the tools' sources and checked against what they print for torchvision's models (tests/zoo/conventions.csv)
   and for single layers (tests/ops/test_tools.c). */
static const struct convention conventions[] = {
    {"torchvision", "MACs", "published as GFLOPS", {LAYERS_MACS(CALL_ANY, 1), PRODUCTS(1)}, "LSTM GRU RNN", NULL},
    {"thop",
     "MACs",
     "Lyken17's; sees modules only",
     {NOT_TRANSPOSED(CALL_MODULE),
      ON_OUTPUTS(CALL_MODULE),
      NORM(CALL_MODULE, 4),
      LAYER_NORM(CALL_MODULE, 4),
      {"Softmax", CALL_MODULE, MEASURE_OUTPUTS, 3, "softmax outputs"},
      {"Softmax", CALL_MODULE, MEASURE_ROWS, -1, "softmax rows"},
      {POOLED, CALL_MODULE, MEASURE_POOLED, 1, "adaptive pooling windows"},
      {POOLED, CALL_MODULE, MEASURE_OUTPUTS, 1, "adaptive pooling outputs"},
      {"AveragePool", CALL_MODULE, MEASURE_OUTPUTS, 1, "average pooling outputs"},
      {"Nearest", CALL_MODULE, MEASURE_OUTPUTS, 1, "nearest upsampling outputs"},
      {"Bilinear", CALL_MODULE, MEASURE_OUTPUTS, 11, "bilinear upsampling outputs"},
      {"Bicubic", CALL_MODULE, MEASURE_OUTPUTS, 259, "bicubic upsampling outputs"},
      LSTM_MACS(CALL_MODULE, 1),
      LSTM_REST(CALL_MODULE, 16)},
     "GRU RNN InstanceNormalization",
     NULL},
    {"fvcore",
     "MACs",
     "calls them flops; LSTM is 0",
     {LAYERS_MACS(CALL_ANY, 1),
      PRODUCTS(1),
      NORM(CALL_ANY, 2),
      LAYER_NORM(CALL_ANY, 5),
      GROUP_NORM(CALL_ANY, 5),
      {POOLED, CALL_ANY, MEASURE_INPUTS, 1, "adaptive pooling inputs"},
      {"Nearest", CALL_ANY, MEASURE_OUTPUTS, 1, "nearest upsampling outputs"},
      {"Bilinear", CALL_ANY, MEASURE_OUTPUTS, 4, "bilinear upsampling outputs"}},
     "Bicubic InstanceNormalization",
     NULL},
    {"ptflops",
     "MACs",
     "backend pytorch; sees modules, torch.matmul and some calls; ReLU, GELU, pooling modules twice",
     {LAYERS_MACS(CALL_MODULE, 1),
      {"MatMul", CALL_ANY, MEASURE_MACS, 1, "MACs of torch.matmul (a @ b is not seen)"},
      CONV_BIAS(CALL_MODULE),
      LINEAR_BIAS(CALL_MODULE),
      NORM(CALL_MODULE, 2),
      LAYER_NORM(CALL_MODULE, 1),
      GROUP_NORM(CALL_MODULE, 2),
      {"Relu Gelu", CALL_MODULE, MEASURE_OUTPUTS, 2, "ReLU and GELU module outputs"},
      {"Relu Gelu", CALL_FUNCTION, MEASURE_OUTPUTS, 1, "ReLU and GELU call outputs"},
      {"Clip Swish", CALL_ANY, MEASURE_OUTPUTS, 1, "ReLU6 and SiLU outputs"},
      {"Softmax", CALL_ANY, MEASURE_OUTPUTS, 1, "softmax outputs"},
      {"MaxPool AveragePool " POOLED, CALL_MODULE, MEASURE_INPUTS, 2, "pooling module inputs"},
      {"MaxPool AveragePool " POOLED, CALL_FUNCTION, MEASURE_INPUTS, 1, "pooling call inputs"},
      {"Nearest Bilinear Bicubic", CALL_MODULE, MEASURE_OUTPUTS, 2, "upsampling module outputs"},
      LSTM_MACS(CALL_MODULE, 1),
      LSTM_REST(CALL_MODULE, 18)},
     "GRU RNN InstanceNormalization",
     "MultiheadAttention"},
    {"ptflops-aten",
     "MACs",
     "backend aten, the default; a linear bias counts where the input has at most 3 dimensions",
     {LAYERS_MACS(CALL_ANY, 1),
      PRODUCTS(1),
      CONV_BIAS(CALL_ANY),
      {"Linear Bias", CALL_ANY, MEASURE_FLAT_BIASES, 1, "linear biases"},
      LSTM_MACS(CALL_ANY, 1),
      LSTM_REST(CALL_ANY, 8)},
     "GRU RNN",
     NULL},
    {"torchinfo",
     "MACs",
     "calls them mult-adds; sees modules only: parameters x output positions",
     {NOT_TRANSPOSED(CALL_MODULE),
      ON_OUTPUTS(CALL_MODULE),
      CONV_BIAS(CALL_MODULE),
      LINEAR_BIAS(CALL_MODULE),
      {"BatchNormalization LayerNormalization GroupNormalization InstanceNormalization", CALL_MODULE, MEASURE_PARAMS, 1,
       "norm parameters x batch"},
      LSTM_MACS(CALL_MODULE, 1),
      LSTM_REST(CALL_MODULE, 8)},
     "GRU RNN",
     NULL},
    {"torchprofile",
     "MACs",
     "",
     {NOT_TRANSPOSED(CALL_ANY),
      ON_OUTPUTS(CALL_ANY),
      PRODUCTS(1),
      NORM(CALL_ANY, 1),
      LAYER_NORM(CALL_ANY, 1),
      {POOLED " AveragePool ReduceMean", CALL_ANY, MEASURE_OUTPUTS, 1, "average pooling outputs"},
      {"Mul", CALL_ANY, MEASURE_OUTPUTS, 1, "outputs of x * y"},
      {"Bilinear", CALL_ANY, MEASURE_OUTPUTS, 4, "bilinear upsampling outputs"},
      LSTM_MACS(CALL_ANY, 1)},
     "GRU RNN GroupNormalization InstanceNormalization Bicubic",
     NULL},
    {"deepspeed",
     "FLOPs",
     "linear biases, ReLU6, Hardswish, Sigmoid, sums and products are free",
     {LAYERS_MACS(CALL_ANY, 2),
      PRODUCTS(2),
      CONV_BIAS(CALL_ANY),
      NORM(CALL_ANY, 2),
      LAYER_NORM(CALL_ANY, 5),
      GROUP_NORM(CALL_ANY, 5),
      {"Relu Swish Gelu", CALL_ANY, MEASURE_OUTPUTS, 1, "ReLU, SiLU and GELU outputs"},
      {"Softmax", CALL_ANY, MEASURE_OUTPUTS, 1, "softmax outputs"},
      {"MaxPool AveragePool " POOLED, CALL_ANY, MEASURE_INPUTS, 1, "pooling inputs"},
      {"Nearest Bilinear", CALL_ANY, MEASURE_OUTPUTS, 1, "upsampling outputs"},
      LSTM_MACS(CALL_ANY, 2),
      LSTM_REST(CALL_ANY, 10)},
     "GRU RNN InstanceNormalization",
     NULL},
    {"flop_counter",
     "FLOPs",
     "torch.utils.flop_counter: products, nothing else",
     {LAYERS_MACS(CALL_ANY, 2), PRODUCTS(2)},
     "LSTM GRU RNN",
     NULL},
    {"onnx-tool",
     "MACs",
     "of the export, norm folded; its MACs hold sigmoid = 32, softmax = 36",
     {{"Conv Linear", CALL_ANY, MEASURE_MACS, 1, "MACs of convolutions and linear layers"},
      {"ConvTranspose", CALL_ANY, MEASURE_WIDE_MACS, 1, "outputs of transposed convolutions x kernel x channels"},
      PRODUCTS(1),
      CONV_BIAS(CALL_ANY),
      {"BatchNormalization", CALL_MODULE, MEASURE_OUTPUTS, 1, "convolution biases that folded batch norm makes"},
      {"BatchNormalization", CALL_FUNCTION, MEASURE_OUTPUTS, 31, "batch norm outputs"},
      LINEAR_BIAS(CALL_ANY),
      {"Relu Add Mul", CALL_ANY, MEASURE_OUTPUTS, 1, "outputs of ReLU, sums and products"},
      {"Clip LeakyRelu", CALL_ANY, MEASURE_OUTPUTS, 2, "outputs of ReLU6 and leaky ReLU"},
      {"HardSigmoid", CALL_ANY, MEASURE_OUTPUTS, 4, "hard sigmoid outputs"},
      {"HardSwish", CALL_ANY, MEASURE_OUTPUTS, 5, "hard swish outputs"},
      {"Sigmoid", CALL_ANY, MEASURE_OUTPUTS, 32, "sigmoid outputs"},
      {"Swish", CALL_ANY, MEASURE_OUTPUTS, 33, "SiLU outputs"},
      {"Softmax", CALL_ANY, MEASURE_OUTPUTS, 36, "softmax outputs"},
      {"MaxPool AveragePool", CALL_ANY, MEASURE_WINDOWS, 1, "pooling outputs x window"},
      {POOLED " ReduceMean", CALL_ANY, MEASURE_INPUTS, 1, "adaptive pooling inputs"},
      {POOLED, CALL_ANY, MEASURE_OUTPUTS, 4, "adaptive pooling outputs"},
      {"Bilinear", CALL_ANY, MEASURE_OUTPUTS, 4, "bilinear upsampling outputs"},
      {"Bicubic", CALL_ANY, MEASURE_OUTPUTS, 8, "bicubic upsampling outputs"}},
     "LayerNormalization GroupNormalization InstanceNormalization Gelu Div Sub Exp Log Sqrt Pow Tanh Einsum "
     "LSTM GRU RNN",
     NULL},
};

const struct convention *convention_at(int i)
{
    return i >= 0 && (size_t)i < COUNT_OF(conventions) ? &conventions[i] : NULL;
}

const struct convention *convention_find(const char *tool)
{
    for (size_t i = 0; i < COUNT_OF(conventions); i++)
        if (!strcmp(conventions[i].tool, tool)) return &conventions[i];
    return NULL;
}

/* `op` is one of the words of `list`. */
static bool is_listed(const char *list, const char *op)
{
    size_t len = strlen(op);
    for (const char *p = list; *p; p += strcspn(p, " ")) {
        p += *p == ' ';
        if (strcspn(p, " ") == len && !memcmp(p, op, len)) return true;
    }
    return false;
}

/* Made from initializers alone: a weight, transposed or dequantized perhaps. */
static bool is_fixed(const struct tensor *t)
{
    if (tensor_is_initializer(t)) return true;
    if (!t->producer || !t->producer->n_in) return false;
    for (int i = 0; i < t->producer->n_in; i++)
        if (t->producer->in[i]->role != ROLE_ABSENT && !tensor_is_initializer(t->producer->in[i])) return false;
    return true;
}

static bool is_op(const struct node *n, const char *name) { return n && !strcmp(n->op_type, name); }

static bool is_linear(const struct node *n)
{
    return is_op(n, "Gemm") || (is_op(n, "MatMul") && (is_fixed(n->in[1]) || is_fixed(n->in[0])));
}

/* The linear layer to which this sum adds its bias; NULL where it is another sum. */
static const struct node *biased(const struct node *n)
{
    for (int i = 0; i < 2 && is_op(n, "Add"); i++)
        if (is_fixed(n->in[i]) && n->in[i]->shape.rank == 1 && is_op(n->in[1 - i]->producer, "MatMul") &&
            is_linear(n->in[1 - i]->producer))
            return n->in[1 - i]->producer;
    return NULL;
}

static const char *resized(const struct node *n)
{
    static const char *const words[][2] = {{"nearest", "Nearest"}, {"linear", "Bilinear"}, {"cubic", "Bicubic"}};
    const struct attribute *mode = node_attribute(n, "mode");
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (!strcmp(mode && mode->s ? mode->s : "nearest", words[i][0])) return words[i][1];
    return n->op_type;
}

/* How rules call it. */
static const char *word_of(const struct node *n)
{
    if (is_linear(n)) return "Linear";
    if (biased(n)) return "Bias";
    if (is_op(n, "Resize") || is_op(n, "Upsample")) return resized(n);
    return n->op_type;
}

static bool has_modules(const struct graph *g)
{
    for (int i = 0; i < g->n_nodes; i++)
        if (g->nodes[i]->module) return true;
    return false;
}

/* The length of "/a/b" in "/a/b/MatMul"; 0 where the name has no scope. */
static size_t scope_of(const struct node *n)
{
    const char *end = *n->name == '/' ? strrchr(n->name, '/') : NULL;
    return end ? (size_t)(end - n->name) : 0;
}

/* The neighbour's scope is the node's own, or below it: then it is no module of one operator. */
static bool shares_scope(const struct node *n, const struct node *neighbour)
{
    size_t own = scope_of(n), other = scope_of(neighbour);
    if (other < own || memcmp(n->name, neighbour->name, own) != 0 || neighbour->name[own] != '/') return false;
    return biased(neighbour) != n && biased(n) != neighbour;
}

static bool is_module_of_file(const struct graph *g, const struct node *n)
{
    static const char calls[] = "MatMul Einsum Add Sub Mul Div ReduceMean";
    if (is_listed(calls, word_of(n))) return false;
    if (!scope_of(n)) return *n->name != '/';
    return !(n->index > 0 && shares_scope(n, g->nodes[n->index - 1])) &&
           !(n->index + 1 < g->n_nodes && shares_scope(n, g->nodes[n->index + 1]));
}

/* A node as the rules see it. */
struct seen {
    const struct node *node;
    const char *word;
    bool is_module;
};

static bool applies(const struct convention_rule *r, const struct seen *s)
{
    return (r->call == CALL_ANY || (r->call == CALL_MODULE) == s->is_module) && is_listed(r->ops, s->word);
}

static count window_area(const struct node *n)
{
    const struct attribute *kernel = node_attribute(n, "kernel_shape");
    count area = 1;
    for (int i = 0; kernel && i < kernel->n; i++) area = count_mul(area, kernel->ints[i]);
    return area;
}

/* w: inputs x outputs / groups x kernel */
static count transposed(const struct node *n, bool is_wide)
{
    const struct shape *w = &n->in[1]->shape;
    int64_t channels = is_wide ? n->out[0]->shape.dim[1] : w->dim[0] / node_int(n, "group", 1);
    return count_mul(count_mul(tensor_elements(n->out[0]), channels), shape_product(w, 2));
}

static count biases(const struct node *n)
{
    bool has_bias = biased(n) || (n->n_in > 2 && n->in[2]->role != ROLE_ABSENT);
    return has_bias ? tensor_elements(n->out[0]) : 0;
}

static count rows(const struct node *n)
{
    const struct shape *y = &n->out[0]->shape;
    return y->rank && y->dim[y->rank - 1] ? tensor_elements(n->out[0]) / y->dim[y->rank - 1] : 0;
}

static count pooled(const struct node *n)
{
    const struct shape *x = &n->in[0]->shape, *y = &n->out[0]->shape;
    count total = tensor_elements(n->out[0]);
    for (int i = 2; i < x->rank && i < y->rank; i++) total = count_mul(total, y->dim[i] ? x->dim[i] / y->dim[i] : 0);
    return total;
}

/* Exporters let equal weights share one initializer, by Identity. */
static const struct tensor *source_of(const struct tensor *t)
{
    while (is_op(t->producer, "Identity")) t = t->producer->in[0];
    return t;
}

static count trained(const struct node *n)
{
    count total = 0;
    for (int i = 0; i < n->n_in; i++)
        if (source_of(n->in[i])->role == ROLE_WEIGHT) total = count_add(total, tensor_elements(n->in[i]));
    return count_mul(total, n->out[0]->shape.rank ? n->out[0]->shape.dim[0] : 1);
}

static count measured(enum measure m, const struct node *n)
{
    switch (m) {
    case MEASURE_MACS: return op_cost(n).macs;
    case MEASURE_OUTPUT_MACS: return transposed(n, false);
    case MEASURE_WIDE_MACS: return transposed(n, true);
    case MEASURE_BIASES: return biases(n);
    case MEASURE_FLAT_BIASES: return n->out[0]->shape.rank <= 3 ? biases(n) : 0;
    case MEASURE_OUTPUTS: return tensor_elements(n->out[0]);
    case MEASURE_INPUTS: return tensor_elements(n->in[0]);
    case MEASURE_ROWS: return rows(n);
    case MEASURE_WINDOWS: return count_mul(tensor_elements(n->out[0]), window_area(n));
    case MEASURE_POOLED: return pooled(n);
    case MEASURE_PARAMS: return trained(n);
    }
    return 0;
}

static bool is_of_macs(enum measure m)
{
    return m == MEASURE_MACS || m == MEASURE_OUTPUT_MACS || m == MEASURE_WIDE_MACS;
}

/* Adds the node to the terms of the rules that apply; what no rule sees is said. */
static void add_node(const struct convention *c, const struct seen *s, count sums[CONVENTION_RULES],
                     struct convention_total *out)
{
    const struct node *n = s->node;
    bool is_seen = false;
    for (int r = 0; r < CONVENTION_RULES && c->rules[r].ops; r++) {
        const struct convention_rule *rule = &c->rules[r];
        if (!applies(rule, s)) continue;
        sums[r] = count_add(sums[r], measured(rule->measure, n));
        is_seen |= is_of_macs(rule->measure);
    }
    if (c->lacks && is_listed(c->lacks, s->word) && !out->n_lacking++) out->lacking = n;
    if (c->crashes && n->module && !strcmp(n->module, c->crashes) && !out->crash) out->crash = n;
    count macs = is_seen ? 0 : op_cost(n).macs;
    if (!macs) return;
    out->missed_macs = count_add(out->missed_macs, macs);
    if (!out->n_missed++) out->missed = n;
}

void convention_count(const struct convention *c, const struct graph *g, struct convention_total *out)
{
    const bool names_modules = has_modules(g);
    count sums[CONVENTION_RULES] = {0};
    *out = (struct convention_total){0};
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i], *layer = biased(n), *of = layer ? layer : n;
        struct seen s = {n, word_of(n), names_modules ? of->module != NULL : is_module_of_file(g, of)};
        add_node(c, &s, sums, out);
    }
    for (int r = 0; r < CONVENTION_RULES && c->rules[r].ops; r++) {
        if (!sums[r]) continue;
        const struct convention_rule *rule = &c->rules[r];
        out->terms[out->n_terms++] = (struct convention_term){.rule = rule, .n = sums[r]};
        out->value = rule->factor < 0 ? out->value - sums[r] * -rule->factor
                                      : count_add(out->value, count_mul(rule->factor, sums[r]));
    }
}
