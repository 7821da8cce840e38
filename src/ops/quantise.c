/* Into integers with a scale and a zero point, and back. */
#include "ops/families.h"
#include "ops/rule.h"

#include <string.h>

static gable_status quantize_shape(struct graph *g, struct node *n, gable_error *e)
{
    enum dtype d;
    gable_status s = rule_dtype(n, "output_dtype", rule_has(n, 2) ? n->in[2]->dtype : DTYPE_U8, &d, e);
    return s ? s : rule_output(g, n, 0, d, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
}

static gable_status dequantize_shape(struct graph *g, struct node *n, gable_error *e)
{
    return rule_output(g, n, 0, n->in[1]->dtype, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
}

static gable_status dynamic_shape(struct graph *g, struct node *n, gable_error *e)
{
    gable_status s = rule_output(g, n, 0, DTYPE_U8, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
    if (!s) s = rule_output(g, n, 1, DTYPE_F32, 0, NULL, e);
    return s ? s : rule_output(g, n, 2, DTYPE_U8, 0, NULL, e);
}

#define ROW(op, least, most, out, rule, each, how)                                                         \
    {                                                                                                      \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {out, out}, .shape = rule,  \
        .cost = cost_per_output, .kind = KIND_ELEMENTWISE, .per_element = each, .formula = how, .train = { \
            .formula = "none: integers"                                                                    \
        }                                                                                                  \
    }

const struct op quantise_ops[] = {
    ROW("QuantizeLinear", 2, 3, 1, quantize_shape, 4, "4 per element: divide, round, add, saturate"),
    ROW("DequantizeLinear", 2, 3, 1, dequantize_shape, 2, "2 per element: subtract, multiply"),
    ROW("DynamicQuantizeLinear", 1, 1, 3, dynamic_shape, 6,
        "6 per element: smallest, largest; divide, round, add, saturate"),
    {0},
};
