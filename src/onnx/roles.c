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
    "Dropout Sub Div Pow OneHot RoiAlign GridSample ";
static int first_steering_input(const char *op)
{
    char word[64];
    if (snprintf(word, sizeof word, " %s ", op) >= (int)sizeof word) return INT_MAX;
    return strstr(steered_by_all, word) ? 0 : strstr(steered_by_rest, word) ? 1 : INT_MAX;
}

void reader_set_roles(const struct node *n)
{
    int steering = first_steering_input(n->op_type);
    for (int i = 0; i < n->n_in; i++) {
        struct tensor *t = n->in[i];
        if (t->role != ROLE_WEIGHT) continue;
        if (!strcmp(n->op_type, "BatchNormalization") && i >= 3)
            t->role = ROLE_BUFFER;
        else if (i >= steering || t->shape.rank == 0 || is_index(t->dtype) || (t->ints && !is_real(t->dtype)))
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
