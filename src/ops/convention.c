#include "ops/convention.h"

#include <string.h>

#define PRODUCTS "Conv ConvTranspose Gemm MatMul"
#define ADAPTIVE "GlobalAveragePool AdaptiveAveragePool"
#define CONV_BIAS                                                               \
    {                                                                           \
        "Conv ConvTranspose", CALL_ANY, MEASURE_BIASES, 1, "convolution biases" \
    }
#define LINEAR_BIAS                                          \
    {                                                        \
        "Gemm", CALL_ANY, MEASURE_BIASES, 1, "linear biases" \
    }
#define MACS(factor)                                                                       \
    {                                                                                      \
        PRODUCTS, CALL_ANY, MEASURE_MACS, factor, "MACs of convolutions and linear layers" \
    }
#define NORM(factor)                                                                  \
    {                                                                                 \
        "BatchNormalization", CALL_ANY, MEASURE_OUTPUTS, factor, "batch norm outputs" \
    }

/* Read from the tools' sources and checked against what they print for torchvision's CNNs (tests/zoo/conventions.csv);
   transformers and recurrent networks need rules that are not here. */
static const struct convention conventions[] = {
    {"torchvision", "MACs", "published as GFLOPS", {MACS(1)}},
    {"thop",
     "MACs",
     "Lyken17's; sees modules only",
     {MACS(1),
      NORM(4),
      {ADAPTIVE, CALL_MODULE, MEASURE_POOLED, 1, "adaptive pooling windows"},
      {ADAPTIVE, CALL_MODULE, MEASURE_OUTPUTS, 1, "adaptive pooling outputs"},
      {"AveragePool", CALL_MODULE, MEASURE_OUTPUTS, 1, "average pooling outputs"}}},
    {"fvcore",
     "MACs",
     "calls them flops",
     {MACS(1), NORM(2), {ADAPTIVE, CALL_ANY, MEASURE_INPUTS, 1, "adaptive pooling inputs"}}},
    {"ptflops",
     "MACs",
     "backend pytorch; nn.ReLU and pooling modules are met twice",
     {MACS(1),
      CONV_BIAS,
      LINEAR_BIAS,
      NORM(2),
      {"Relu", CALL_MODULE, MEASURE_OUTPUTS, 2, "ReLU module outputs"},
      {"Relu", CALL_FUNCTION, MEASURE_OUTPUTS, 1, "ReLU call outputs"},
      {"Clip Swish", CALL_ANY, MEASURE_OUTPUTS, 1, "ReLU6 and SiLU outputs"},
      {"MaxPool AveragePool " ADAPTIVE, CALL_MODULE, MEASURE_INPUTS, 2, "pooling module inputs"},
      {"MaxPool AveragePool " ADAPTIVE, CALL_FUNCTION, MEASURE_INPUTS, 1, "pooling call inputs"}}},
    {"ptflops-aten", "MACs", "backend aten, the default", {MACS(1), CONV_BIAS, LINEAR_BIAS}},
    {"torchinfo",
     "MACs",
     "calls them mult-adds",
     {MACS(1),
      CONV_BIAS,
      LINEAR_BIAS,
      {"BatchNormalization", CALL_ANY, MEASURE_PARAMS, 1, "batch norm parameters x batch"}}},
    {"torchprofile",
     "MACs",
     "",
     {MACS(1),
      NORM(1),
      {ADAPTIVE " AveragePool ReduceMean", CALL_ANY, MEASURE_OUTPUTS, 1, "average pooling outputs"},
      {"Mul", CALL_ANY, MEASURE_OUTPUTS, 1, "product outputs"}}},
    {"deepspeed",
     "FLOPs",
     "ReLU6, Hardswish, Sigmoid, sums and products are free",
     {MACS(2),
      CONV_BIAS,
      NORM(2),
      {"Relu Swish", CALL_ANY, MEASURE_OUTPUTS, 1, "ReLU and SiLU outputs"},
      {"MaxPool AveragePool " ADAPTIVE, CALL_ANY, MEASURE_INPUTS, 1, "pooling inputs"}}},
    {"flop-counter", "FLOPs", "torch.utils.flop_counter", {MACS(2)}},
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

static bool applies(const struct convention_rule *r, const struct node *n)
{
    if (r->call != CALL_ANY && (r->call == CALL_MODULE) != (n->module != NULL)) return false;
    return is_listed(r->ops, n->op_type);
}

static count pooled(const struct node *n)
{
    const struct shape *x = &n->in[0]->shape, *y = &n->out[0]->shape;
    count total = tensor_elements(n->out[0]);
    for (int i = 2; i < x->rank && i < y->rank; i++) total = count_mul(total, y->dim[i] ? x->dim[i] / y->dim[i] : 0);
    return total;
}

static count trained(const struct node *n)
{
    count total = 0;
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i]->role == ROLE_WEIGHT) total = count_add(total, tensor_elements(n->in[i]));
    return count_mul(total, n->out[0]->shape.rank ? n->out[0]->shape.dim[0] : 1);
}

static count measured(enum measure m, const struct node *n)
{
    switch (m) {
    case MEASURE_MACS: return op_cost(n).macs;
    case MEASURE_BIASES: return n->n_in > 2 && n->in[2]->role != ROLE_ABSENT ? tensor_elements(n->out[0]) : 0;
    case MEASURE_OUTPUTS: return tensor_elements(n->out[0]);
    case MEASURE_INPUTS: return tensor_elements(n->in[0]);
    case MEASURE_POOLED: return pooled(n);
    case MEASURE_PARAMS: return trained(n);
    }
    return 0;
}

void convention_count(const struct convention *c, const struct graph *g, struct convention_total *out)
{
    *out = (struct convention_total){0};
    for (int r = 0; r < CONVENTION_RULES && c->rules[r].ops; r++) {
        count n = 0;
        for (int i = 0; i < g->n_nodes; i++)
            if (applies(&c->rules[r], g->nodes[i])) n = count_add(n, measured(c->rules[r].measure, g->nodes[i]));
        if (!n) continue;
        out->terms[out->n_terms++] = (struct convention_term){.rule = &c->rules[r], .n = n};
        out->value = count_add(out->value, count_mul(c->rules[r].factor, n));
    }
}
