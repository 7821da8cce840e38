#include "ops/values.h"

#include "ops/rule.h"

#include <stdlib.h>
#include <string.h>

/* Computes output `part` of the node into `out` (n_out elements); false where the value does not follow. */
typedef bool fold_rule(const struct node *n, int part, size_t n_out, int64_t *out);

static size_t length(const struct tensor *t) { return (size_t)tensor_elements(t); }

static bool fold_shape(const struct node *n, int part, size_t n_out, int64_t *out)
{
    int64_t rank = in_shape(n, 0)->rank, start = node_int(n, "start", 0);
    (void)part;
    start = start < 0 ? start + rank : start;
    if (start < 0 || start + (int64_t)n_out > rank) return false;
    memcpy(out, in_shape(n, 0)->dim + start, n_out * sizeof *out);
    return true;
}

static bool fold_size(const struct node *n, int part, size_t n_out, int64_t *out)
{
    (void)part;
    (void)n_out;
    *out = tensor_elements(n->in[0]);
    return true;
}

static bool fold_copy(const struct node *n, int part, size_t n_out, int64_t *out)
{
    (void)part;
    if (!n->in[0]->ints || length(n->in[0]) != n_out) return false;
    memcpy(out, n->in[0]->ints, n_out * sizeof *out);
    return true;
}

/* Integers from reals truncate, as ONNX's Cast does. */
static bool fold_cast(const struct node *n, int part, size_t n_out, int64_t *out)
{
    if (n->in[0]->ints) return fold_copy(n, part, n_out, out);
    if (!n->in[0]->reals || length(n->in[0]) != n_out) return false;
    for (size_t i = 0; i < n_out; i++) {
        if (!(n->in[0]->reals[i] > -1e15 && n->in[0]->reals[i] < 1e15)) return false;
        out[i] = (int64_t)n->in[0]->reals[i];
    }
    return true;
}

static bool fold_gather(const struct node *n, int part, size_t n_out, int64_t *out)
{
    const struct tensor *x = n->in[0], *index = n->in[1];
    (void)part;
    if (!x->ints || !index->ints || x->shape.rank != 1 || length(index) != n_out) return false;
    for (size_t i = 0; i < n_out; i++) {
        int64_t at = index->ints[i] < 0 ? index->ints[i] + x->shape.dim[0] : index->ints[i];
        if (at < 0 || at >= x->shape.dim[0]) return false;
        out[i] = x->ints[at];
    }
    return true;
}

static bool fold_concat(const struct node *n, int part, size_t n_out, int64_t *out)
{
    size_t at = 0;
    (void)part;
    for (int i = 0; i < n->n_in; i++) {
        if (!n->in[i]->ints || n->in[i]->shape.rank != 1 || at + length(n->in[i]) > n_out) return false;
        memcpy(out + at, n->in[i]->ints, length(n->in[i]) * sizeof *out);
        at += length(n->in[i]);
    }
    return at == n_out;
}

/* Along one axis of a list, or along the first of a matrix: exporters turn the rows of a pads table round so. */
static bool fold_slice(const struct node *n, int part, size_t n_out, int64_t *out)
{
    const struct tensor *x = n->in[0];
    int64_t start[SHAPE_RANK_MAX], step[SHAPE_RANK_MAX] = {1}, axis[SHAPE_RANK_MAX] = {0};
    int n_start, n_step, n_axis;
    (void)part;
    if (!x->ints || x->shape.rank < 1 || rule_listed(n, "starts", 1, start, &n_start, NULL) || n_start != 1)
        return false;
    if (rule_listed(n, "steps", 4, step, &n_step, NULL) || n_step > 1) return false;
    if (rule_listed(n, "axes", 3, axis, &n_axis, NULL) || n_axis > 1 || axis[0] > 0) return false;
    if (axis[0] < 0 && axis[0] != -x->shape.rank) return false;
    int64_t size = x->shape.dim[0], at = start[0] < 0 ? start[0] + size : start[0];
    size_t row = size ? length(x) / (size_t)size : 0;
    at = at < 0 ? 0 : at >= size ? (step[0] < 0 ? size - 1 : size) : at;
    for (size_t i = 0; row && i < n_out / row; i++, at += step[0]) {
        if (at < 0 || at >= size) return false;
        memcpy(out + i * row, x->ints + (size_t)at * row, row * sizeof *out);
    }
    return n_out == 0 || row > 0;
}

static bool fold_transpose(const struct node *n, int part, size_t n_out, int64_t *out)
{
    const struct shape *x = in_shape(n, 0), *y = &n->out[0]->shape;
    (void)part;
    if (!n->in[0]->ints) return false;
    for (size_t i = 0; i < n_out; i++) { /* the place of y's element i in x */
        size_t rest = i, from = 0;
        for (int k = y->rank - 1; k >= 0; k--) {
            int64_t axis = node_int_at(n, "perm", k, y->rank - 1 - k);
            from += rest % (size_t)y->dim[k] * (size_t)shape_product(x, (int)axis + 1);
            rest /= (size_t)y->dim[k];
        }
        out[i] = n->in[0]->ints[from];
    }
    return true;
}

static bool fold_split(const struct node *n, int part, size_t n_out, int64_t *out)
{
    size_t at = 0;
    if (!n->in[0]->ints || n->in[0]->shape.rank != 1) return false;
    for (int i = 0; i < part; i++) at += length(n->out[i]);
    memcpy(out, n->in[0]->ints + at, n_out * sizeof *out);
    return true;
}

static bool binary(const char *op, int64_t a, int64_t b, int64_t *out)
{
    if (!strcmp(op, "Add")) return !__builtin_add_overflow(a, b, out);
    if (!strcmp(op, "Sub")) return !__builtin_sub_overflow(a, b, out);
    if (!strcmp(op, "Mul")) return !__builtin_mul_overflow(a, b, out);
    if (!strcmp(op, "Div") || !strcmp(op, "Mod")) {
        if (b == 0 || (a == INT64_MIN && b == -1)) return false;
        *out = *op == 'D' ? a / b : (a % b + b) % b;
        return true;
    }
    if (!strcmp(op, "Equal"))
        *out = a == b;
    else if (!strcmp(op, "Greater"))
        *out = a > b;
    else if (!strcmp(op, "Less"))
        *out = a < b;
    else if (!strcmp(op, "GreaterOrEqual"))
        *out = a >= b;
    else if (!strcmp(op, "LessOrEqual"))
        *out = a <= b;
    else if (!strcmp(op, "And"))
        *out = a && b;
    else if (!strcmp(op, "Or"))
        *out = a || b;
    else if (!strcmp(op, "Max"))
        *out = a > b ? a : b;
    else if (!strcmp(op, "Min"))
        *out = a < b ? a : b;
    else
        return false;
    return true;
}

static bool fold_unary(const struct node *n, int part, size_t n_out, int64_t *out)
{
    const int64_t *x = n->in[0]->ints;
    (void)part;
    if (!x || length(n->in[0]) != n_out) return false;
    for (size_t i = 0; i < n_out; i++) {
        if (x[i] == INT64_MIN) return false;
        out[i] = !strcmp(n->op_type, "Not") ? !x[i] : *n->op_type == 'N' || x[i] < 0 ? -x[i] : x[i];
    }
    return true;
}

/* One value or as many as the output: what shape arithmetic uses of broadcasting. */
static bool fold_binary(const struct node *n, int part, size_t n_out, int64_t *out)
{
    (void)part;
    if (n->n_in != 2 || !n->in[0]->ints || !n->in[1]->ints) return false;
    size_t n_a = length(n->in[0]), n_b = length(n->in[1]);
    if ((n_a != 1 && n_a != n_out) || (n_b != 1 && n_b != n_out)) return false;
    for (size_t i = 0; i < n_out; i++)
        if (!binary(n->op_type, n->in[0]->ints[n_a == 1 ? 0 : i], n->in[1]->ints[n_b == 1 ? 0 : i], &out[i]))
            return false;
    return true;
}

static bool fold_where(const struct node *n, int part, size_t n_out, int64_t *out)
{
    (void)part;
    for (int i = 0; i < 3; i++)
        if (!n->in[i]->ints || (length(n->in[i]) != 1 && length(n->in[i]) != n_out)) return false;
    for (size_t i = 0; i < n_out; i++) {
        bool yes = n->in[0]->ints[length(n->in[0]) == 1 ? 0 : i];
        const struct tensor *from = n->in[yes ? 1 : 2];
        out[i] = from->ints[length(from) == 1 ? 0 : i];
    }
    return true;
}

static bool fold_constant_of_shape(const struct node *n, int part, size_t n_out, int64_t *out)
{
    const struct attribute *a = node_attribute(n, "value");
    (void)part;
    if (!a || a->type != ATTRIBUTE_TENSOR || !a->t->ints) return false;
    for (size_t i = 0; i < n_out; i++) out[i] = a->t->ints[0];
    return true;
}

static bool fold_expand(const struct node *n, int part, size_t n_out, int64_t *out)
{
    (void)part;
    if (!n->in[0]->ints || (length(n->in[0]) != 1 && length(n->in[0]) != n_out)) return false;
    for (size_t i = 0; i < n_out; i++) out[i] = n->in[0]->ints[length(n->in[0]) == 1 ? 0 : i];
    return true;
}

static bool fold_range(const struct node *n, int part, size_t n_out, int64_t *out)
{
    (void)part;
    if (!n->in[0]->ints || !n->in[2]->ints) return false;
    for (size_t i = 0; i < n_out; i++) out[i] = n->in[0]->ints[0] + (int64_t)i * n->in[2]->ints[0];
    return true;
}

static bool fold_product(const struct node *n, int part, size_t n_out, int64_t *out)
{
    (void)part;
    if (!n->in[0]->ints || n_out != 1) return false;
    *out = 1;
    for (size_t i = 0; i < length(n->in[0]); i++)
        if (__builtin_mul_overflow(*out, n->in[0]->ints[i], out)) return false;
    return true;
}

static const struct {
    const char *op;
    fold_rule *fold;
} rules[] = {
    {"Neg", fold_unary},           {"Abs", fold_unary},
    {"Not", fold_unary},           {"And", fold_binary},
    {"Or", fold_binary},           {"GreaterOrEqual", fold_binary},
    {"LessOrEqual", fold_binary},  {"Shape", fold_shape},
    {"Size", fold_size},           {"Cast", fold_cast},
    {"Identity", fold_copy},       {"Reshape", fold_copy},
    {"Squeeze", fold_copy},        {"Unsqueeze", fold_copy},
    {"Flatten", fold_copy},        {"Gather", fold_gather},
    {"Concat", fold_concat},       {"Slice", fold_slice},
    {"Transpose", fold_transpose}, {"Split", fold_split},
    {"Add", fold_binary},          {"Sub", fold_binary},
    {"Mul", fold_binary},          {"Div", fold_binary},
    {"Mod", fold_binary},          {"Equal", fold_binary},
    {"Greater", fold_binary},      {"Less", fold_binary},
    {"Max", fold_binary},          {"Min", fold_binary},
    {"Where", fold_where},         {"ConstantOfShape", fold_constant_of_shape},
    {"Expand", fold_expand},       {"Range", fold_range},
    {"ReduceProd", fold_product},
};

static bool is_integer(enum dtype d)
{
    return d == DTYPE_S64 || d == DTYPE_S32 || d == DTYPE_BOOL || d == DTYPE_S8 || d == DTYPE_U8;
}

gable_status values_fold(struct graph *g, struct node *n, gable_error *e)
{
    fold_rule *fold = NULL;
    if (n->domain[0]) return GABLE_OK;
    for (size_t i = 0; i < COUNT_OF(rules) && !fold; i++)
        if (!strcmp(rules[i].op, n->op_type)) fold = rules[i].fold;
    for (int i = 0; i < n->n_out && fold; i++) {
        struct tensor *t = n->out[i];
        count elements = tensor_elements(t);
        if (!t->has_shape || !is_integer(t->dtype) || elements > VALUES_MAX) continue;
        int64_t *values = arena_array(g->arena, (size_t)elements + 1, sizeof *values);
        if (!values) return error_set(e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
        if (fold(n, i, (size_t)elements, values)) t->ints = values;
    }
    return GABLE_OK;
}
