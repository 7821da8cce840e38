#include "ops/ops.h"

#include "ops/families.h"
#include "ops/values.h"

#include <string.h>

static const struct {
    const char *name, *label, *several;
} kinds[] = {
#define ROW(name, json, label, several) {json, label, several},
    OP_KINDS(ROW)
#undef ROW
};

const char *op_kind_name(enum op_kind k) { return kinds[k].name; }

const char *op_kind_label(enum op_kind k) { return kinds[k].label; }

const char *op_kind_several(enum op_kind k) { return kinds[k].several; }

static const struct op *const families[] = {
    conv_ops,    product_ops, norm_ops,     elementwise_ops, softmax_ops,   pool_ops,    reduce_ops,   move_ops,
    reshape_ops, shaping_ops, gather_ops,   resize_ops,      recurrent_ops, control_ops, sequence_ops, decided_ops,
    signal_ops,  sample_ops,  quantise_ops, draw_ops,        loss_ops,      einsum_ops,  word_ops,     attention_ops};

struct cost cost_add(struct cost a, struct cost b)
{
    return (struct cost){.macs = count_add(a.macs, b.macs), .flops = count_add(a.flops, b.flops)};
}

const struct op *op_at(int i)
{
    for (size_t f = 0; f < COUNT_OF(families); f++)
        for (const struct op *op = families[f]; op->name; op++)
            if (i-- == 0) return op;
    return NULL;
}

const struct op *op_find(const char *domain, const char *name)
{
    if (!strcmp(domain, "ai.onnx")) domain = DOMAIN_ONNX;
    for (size_t f = 0; f < COUNT_OF(families); f++)
        for (const struct op *op = families[f]; op->name; op++)
            if (*op->name == *name && !strcmp(op->name, name) && !strcmp(op->domain, domain)) return op;
    return NULL;
}

/* Everything else works on tensors alone. */
static bool takes_sequences(const struct op *op) { return op->keeps_stated || !strcmp(op->name, "Identity"); }

gable_status op_check_arity(const struct op *op, const struct node *n, gable_error *e)
{
    if (n->n_in < op->inputs.min || (op->inputs.max >= 0 && n->n_in > op->inputs.max))
        return error_set(e, GABLE_BAD_INPUT, "%d inputs given, %d to %d expected", n->n_in, op->inputs.min,
                         op->inputs.max < 0 ? INT16_MAX : op->inputs.max);
    for (int i = 0; i < op->inputs.min; i++)
        if (n->in[i]->role == ROLE_ABSENT)
            return error_set(e, GABLE_BAD_INPUT, "input %d is left out, it is required", i);
    if (n->n_out < op->outputs.min || (op->outputs.max >= 0 && n->n_out > op->outputs.max))
        return error_set(e, GABLE_BAD_INPUT, "%d outputs, %d to %d expected", n->n_out, op->outputs.min,
                         op->outputs.max < 0 ? INT16_MAX : op->outputs.max);
    return GABLE_OK;
}

/* Every input has a shape. */
static gable_status check_inputs(const struct node *n, gable_error *e)
{
    for (int i = 0; i < n->n_in; i++) {
        if (n->in[i]->role == ROLE_ABSENT) continue;
        if (!tensor_is_known(n->in[i]))
            return error_set(e, GABLE_BAD_INPUT, "input %d (%.60s) has no known shape", i, n->in[i]->name);
        if (n->in[i]->form != FORM_TENSOR && !takes_sequences(n->op))
            return error_set(e, GABLE_BAD_INPUT, "input %d (%.60s) is not a tensor", i, n->in[i]->name);
    }
    return GABLE_OK;
}

/* What is made from a tensor whose shape is a bound has a bound for a shape. */
static void spread_bounds(struct node *n)
{
    bool is_at_most = false;
    const struct tensor *t;
    for (int i = 0; (t = node_reads(n, i)); i++) is_at_most |= t->is_at_most;
    for (int i = 0; i < n->n_out; i++) n->out[i]->is_at_most |= is_at_most;
}

static gable_status infer(struct graph *g, struct node *n, gable_error *e)
{
    n->op = op_find(n->domain, n->op_type);
    if (!n->op) {
        n->op = &op_unknown;
        return n->op->shape(g, n, e);
    }
    gable_status s = op_check_arity(n->op, n, e);
    if (!s) s = check_inputs(n, e);
    if (s) return s;
    s = n->op->shape(g, n, e);
    if (s) return s;
    spread_bounds(n);
    return values_fold(g, n, e);
}

gable_status ops_infer_node(struct graph *g, struct node *n, gable_error *e)
{
    if (!n) return error_set(e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    if (!infer(g, n, e)) return GABLE_OK;
    n->op = NULL; /* a branch that does not fit is no error where the other one does: nobody counts by this row */
    return error_within(e, "node %.80s (%s)", n->name, n->op_type);
}

gable_status ops_infer(struct graph *g, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < g->n_nodes && !s; i++) s = ops_infer_node(g, g->nodes[i], e);
    return s;
}

struct cost op_cost(const struct node *n) { return n->op ? n->op->cost(n) : (struct cost){0}; }

struct cost op_training_cost(const struct node *n)
{
    return n->op && n->op->train.forward ? n->op->train.forward(n) : op_cost(n);
}

const char *keep_words(enum keep k)
{
    static const char *const words[] = {[KEEP_NOTHING] = "nothing",         [KEEP_INPUT] = "input",
                                        [KEEP_OUTPUT] = "output",           [KEEP_BOTH] = "input, output",
                                        [KEEP_FACTOR] = "the other factor", [KEEP_INDEX] = "indices",
                                        [KEEP_INPUTS] = "inputs",           [KEEP_ALL] = "inputs, output"};
    return words[k];
}

enum op_kind op_kind_of(const struct node *n)
{
    if (!n->op) return KIND_OTHER;
    return n->op->classify ? n->op->classify(n) : n->op->kind;
}
