/* What an initializer is: trained, a running statistic, or a constant of the architecture. */
#include "onnx/reader.h"
#include "onnx/values.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static bool is_real(enum dtype d) { return d == DTYPE_F32 || d == DTYPE_F16 || d == DTYPE_BF16 || d == DTYPE_F64; }
static bool is_index(enum dtype d) { return d == DTYPE_S64 || d == DTYPE_BOOL; } /* no network learns these */

/* Operands that steer an operator, and those that stand where masks, divisors and exponents do, are no parameters: all
   of them, or all but the first. */
static const char steered_by_all[] =
    " Where Equal Greater GreaterOrEqual Less LessOrEqual Mod Range NonMaxSuppression ";
static const char steered_by_rest[] =
    " Clip Reshape Resize Upsample Pad Slice Gather Unsqueeze Squeeze ReduceMean ReduceSum Split Expand Tile TopK "
    "Dropout Sub Div Pow OneHot RoiAlign GridSample QuantizeLinear DequantizeLinear ";
static int first_steering_input(const char *op)
{
    char word[64];
    if (snprintf(word, sizeof word, " %s ", op) >= (int)sizeof word) return INT_MAX;
    return strstr(steered_by_all, word) ? 0 : strstr(steered_by_rest, word) ? 1 : INT_MAX;
}

struct inputs {
    const char *op;
    int from, to;
};

static bool is_among(const struct inputs *rows, size_t n, const char *op, int i)
{
    for (size_t k = 0; k < n; k++)
        if (i >= rows[k].from && i <= rows[k].to && !strcmp(rows[k].op, op)) return true;
    return false;
}

/* Scales and zero points among the operands of quantised products. */
static bool is_scale(const char *op, int i)
{
    static const struct inputs rows[] = {
        {"QLinearConv", 1, 2},         {"QLinearConv", 4, 7},       {"QLinearMatMul", 1, 2},
        {"QLinearMatMul", 4, INT_MAX}, {"ConvInteger", 2, INT_MAX}, {"MatMulInteger", 2, INT_MAX},
    };
    return is_among(rows, COUNT_OF(rows), op, i);
}

/* Where integers are trained values that were quantised, however few; anywhere else they count, index or mask. */
static bool takes_quantised(const struct node *n, int i)
{
    static const struct inputs rows[] = {
        {"DequantizeLinear", 0, 0}, {"QLinearConv", 3, 3}, {"QLinearConv", 8, 8},   {"QLinearMatMul", 0, 0},
        {"QLinearMatMul", 3, 3},    {"ConvInteger", 1, 1}, {"MatMulInteger", 0, 1},
    };
    static const struct inputs of_codes[] = {
        {"Gather", 0, 0}, {"Identity", 0, 0}, {"Transpose", 0, 0}, {"Reshape", 0, 0}};
    if (is_among(rows, COUNT_OF(rows), n->op_type, i)) return true;
    if (dtype_bits(n->in[i]->dtype) > 8) return false;
    if (node_is(n, "Cast")) return is_real(dtype_of_onnx(node_int(n, "to", 0))); /* to be scaled */
    return is_among(of_codes, COUNT_OF(of_codes), n->op_type, i);
}

static bool is_trained(const struct node *n, int i)
{
    const struct tensor *t = n->in[i];
    if (is_index(t->dtype) || is_scale(n->op_type, i)) return false;
    if (!is_real(t->dtype)) return takes_quantised(n, i);
    return i < first_steering_input(n->op_type) && t->shape.rank > 0;
}

void reader_set_roles(const struct node *n)
{
    for (int i = 0; i < n->n_in; i++) {
        struct tensor *t = n->in[i];
        if (t->role != ROLE_WEIGHT) continue;
        if (!strcmp(n->op_type, "BatchNormalization") && i >= 3)
            t->role = ROLE_BUFFER;
        else if (!is_trained(n, i))
            t->role = ROLE_CONSTANT;
    }
}

bool reader_has_weights(const Onnx__GraphProto *p)
{
    for (size_t i = 0; i < p->n_initializer; i++) {
        enum dtype d = value_dtype(p->initializer[i]->data_type);
        if (p->initializer[i]->n_dims > 0 && d != DTYPE_UNDEFINED && !is_index(d)) return true;
    }
    return p->n_sparse_initializer > 0;
}
