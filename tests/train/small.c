#include "small.h"

#include "check.h"
#include "ops/ops.h"

#include <stdio.h>

static layer finish(struct graph *g, struct node *n)
{
    gable_error e = {0};
    assert_ok(ops_infer_node(g, n, &e), &e);
    return n->out[0];
}
static layer weight(struct graph *g, const char *name, enum tensor_role role, int rank, const int64_t *dim)
{
    char full[64];
    snprintf(full, sizeof full, "%s%d", name, g->n_tensors);
    return graph_initializer(g, full, role, DTYPE_F32, rank, dim);
}
static void pair(struct graph *g, struct node *n, const char *name, int64_t value)
{
    node_set_ints(g, n, name, 2, (const int64_t[]){value, value});
}
static void window(struct graph *g, struct node *n, int kernel, int stride, int pad)
{
    pair(g, n, "kernel_shape", kernel);
    pair(g, n, "strides", stride);
    node_set_ints(g, n, "pads", 4, (const int64_t[]){pad, pad, pad, pad});
}

layer small_conv(struct graph *g, layer x, int out, int kernel, int stride, int pad, int groups, bool has_bias)
{
    const int64_t dim[] = {out, x->shape.dim[1] / groups, kernel, kernel};
    layer in[3] = {x, weight(g, "w", ROLE_WEIGHT, 4, dim)};
    if (has_bias) in[2] = weight(g, "b", ROLE_WEIGHT, 1, dim);
    struct node *n = graph_node(g, "Conv", "", "conv", NULL, has_bias ? 3 : 2, in, 1);
    window(g, n, kernel, stride, pad);
    node_set_int(g, n, "group", groups);
    return finish(g, n);
}
layer small_norm(struct graph *g, layer x)
{
    const int64_t dim[] = {x->shape.dim[1]};
    layer in[] = {x, weight(g, "scale", ROLE_WEIGHT, 1, dim), weight(g, "shift", ROLE_WEIGHT, 1, dim),
                  weight(g, "mean", ROLE_BUFFER, 1, dim), weight(g, "variance", ROLE_BUFFER, 1, dim)};
    return finish(g, graph_node(g, "BatchNormalization", "", "norm", NULL, 5, in, 1));
}
layer small_linear(struct graph *g, layer x, int out)
{
    const int64_t dim[] = {out, x->shape.dim[1]};
    layer in[] = {x, weight(g, "w", ROLE_WEIGHT, 2, dim), weight(g, "b", ROLE_WEIGHT, 1, dim)};
    struct node *n = graph_node(g, "Gemm", "", "linear", NULL, 3, in, 1);
    node_set_int(g, n, "transB", 1);
    return finish(g, n);
}
layer small_node(struct graph *g, const char *op_type, layer x)
{
    return finish(g, graph_node(g, op_type, "", op_type, NULL, 1, &x, 1));
}
layer small_both(struct graph *g, const char *op_type, layer x, layer y)
{
    return finish(g, graph_node(g, op_type, "", op_type, NULL, 2, (layer[]){x, y}, 1));
}

static layer first(struct graph *g, layer x) { return small_conv(g, x, 6, 1, 1, 0, 1, true); }
static layer pooled(struct graph *g, const char *op_type, layer x, int kernel, int stride, int pad)
{
    struct node *n = graph_node(g, op_type, "", op_type, NULL, 1, &x, 1);
    window(g, n, kernel, stride, pad);
    return finish(g, n);
}
static layer adaptive(struct graph *g, layer x, int size)
{
    struct node *n = graph_node(g, "AdaptiveAveragePool", DOMAIN_GABLE, "pool", NULL, 1, &x, 1);
    pair(g, n, "output_size", size);
    return finish(g, n);
}
static layer clip(struct graph *g, layer x, double low, double high)
{
    layer in[] = {x, graph_constant_real(g, "low", DTYPE_F32, low), graph_constant_real(g, "high", DTYPE_F32, high)};
    return finish(g, graph_node(g, "Clip", "", "clip", NULL, 3, in, 1));
}
static layer joined(struct graph *g, layer x, layer y)
{
    struct node *n = graph_node(g, "Concat", "", "cat", NULL, 2, (layer[]){x, y}, 1);
    node_set_int(g, n, "axis", 1);
    return finish(g, n);
}
static layer shuffled(struct graph *g, layer x, int groups)
{
    const int64_t *d = x->shape.dim, apart[] = {d[0], groups, d[1] / groups, d[2], d[3]};
    layer y = small_both(g, "Reshape", x, graph_constant_ints(g, "apart", 5, apart));
    struct node *n = graph_node(g, "Transpose", "", "transpose", NULL, 1, &y, 1);
    node_set_ints(g, n, "perm", 5, (const int64_t[]){0, 2, 1, 3, 4});
    return small_both(g, "Reshape", finish(g, n), graph_constant_ints(g, "together", 4, d));
}

static layer conv_3x3(struct graph *g, layer x) { return small_conv(g, first(g, x), 7, 3, 1, 1, 1, false); }
static layer conv_stride(struct graph *g, layer x) { return small_conv(g, first(g, x), 20, 3, 2, 1, 1, true); }
static layer conv_wide(struct graph *g, layer x)
{
    return small_conv(g, small_node(g, "Relu", first(g, x)), 33, 5, 2, 2, 1, false);
}
static layer conv_grouped(struct graph *g, layer x) { return small_conv(g, first(g, x), 4, 3, 1, 1, 2, true); }
static layer deep_3(struct graph *g, layer x) { return small_conv(g, first(g, x), 6, 3, 1, 1, 6, false); }
static layer deep_3_stride(struct graph *g, layer x) { return small_conv(g, first(g, x), 6, 3, 2, 1, 6, true); }
static layer deep_5(struct graph *g, layer x) { return small_conv(g, first(g, x), 6, 5, 1, 2, 6, false); }
static layer deep_5_stride(struct graph *g, layer x) { return small_conv(g, first(g, x), 6, 5, 2, 2, 6, false); }
static layer deep_odd(struct graph *g, layer x) { return small_conv(g, first(g, x), 6, 4, 3, 1, 6, false); }
static layer deep_7(struct graph *g, layer x) { return small_conv(g, first(g, x), 6, 7, 1, 3, 6, false); }
/* Two readers of one tensor: the second part of its gradient is added. */
static layer deep_beside(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_conv(g, y, 6, 3, 1, 1, 6, false);
    return small_both(g, "Add", z, small_conv(g, y, 6, 3, 1, 1, 1, false));
}
static layer deep_before(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_conv(g, y, 6, 1, 1, 0, 1, false);
    return small_both(g, "Add", z, small_conv(g, y, 6, 3, 1, 1, 6, false));
}
static layer many_readers(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_both(g, "Add", small_node(g, "Sigmoid", y), small_node(g, "HardSwish", y));
    z = small_both(g, "Add", z, pooled(g, "MaxPool", y, 3, 1, 1));
    z = small_both(g, "Add", z, pooled(g, "AveragePool", y, 3, 1, 1));
    z = small_both(g, "Add", z, small_norm(g, y));
    z = small_both(g, "Mul", z, small_node(g, "GlobalAveragePool", y));
    return small_both(g, "Mul", z, y);
}
static layer linear_readers(struct graph *g, layer x)
{
    layer y = small_node(g, "Flatten", small_node(g, "GlobalAveragePool", first(g, x)));
    return small_both(g, "Add", small_linear(g, y, 7), small_linear(g, y, 7));
}
static layer norm_alone(struct graph *g, layer x) { return small_norm(g, first(g, x)); }
static layer norm_relu(struct graph *g, layer x)
{
    return small_conv(g, small_node(g, "Relu", small_norm(g, first(g, x))), 3, 1, 1, 0, 1, false);
}
static layer norm_swish(struct graph *g, layer x)
{
    struct node *n = graph_node(g, "Swish", "", "swish", NULL, 1, (layer[]){small_norm(g, first(g, x))}, 1);
    return small_conv(g, finish(g, n), 3, 1, 1, 0, 1, false);
}
static layer norm_hard_swish(struct graph *g, layer x)
{
    return small_conv(g, small_node(g, "HardSwish", small_norm(g, first(g, x))), 3, 1, 1, 0, 1, false);
}
static layer norm_gelu(struct graph *g, layer x)
{
    layer y = small_node(g, "Gelu", small_norm(g, first(g, x)));
    return small_node(g, "Gelu", small_conv(g, y, 3, 1, 1, 0, 1, false));
}
static layer norm_clip(struct graph *g, layer x) { return clip(g, small_norm(g, first(g, x)), 0, 1); }
static layer norm_sum(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_norm(g, small_conv(g, y, 6, 3, 1, 1, 1, false));
    return small_conv(g, small_both(g, "Add", z, y), 3, 1, 1, 0, 1, false);
}
static layer norm_sum_relu(struct graph *g, layer x)
{
    layer y = small_norm(g, first(g, x)), z = small_norm(g, small_conv(g, y, 6, 3, 1, 1, 1, false));
    layer sum = small_node(g, "Relu", small_both(g, "Add", z, y));
    return small_both(g, "Add", small_norm(g, small_conv(g, sum, 6, 1, 1, 0, 1, false)), sum);
}
static layer norm_depth_sum(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_norm(g, small_conv(g, y, 6, 3, 1, 1, 1, false));
    struct node *n = graph_node(g, "StochasticDepth", DOMAIN_GABLE, "depth", NULL, 1, &z, 1);
    node_set_float(g, n, "p", 0.5);
    return small_both(g, "Add", finish(g, n), y);
}
static layer depth_alone(struct graph *g, layer x)
{
    layer y = first(g, x);
    struct node *n = graph_node(g, "StochasticDepth", DOMAIN_GABLE, "depth", NULL, 1, &y, 1);
    node_set_float(g, n, "p", 0.4);
    return finish(g, n);
}
static layer activations(struct graph *g, layer x)
{
    layer y = small_node(g, "HardSwish", first(g, x));
    y = small_node(g, "Sigmoid", small_conv(g, y, 6, 1, 1, 0, 1, false));
    y = small_node(g, "HardSigmoid", small_conv(g, y, 6, 1, 1, 0, 1, false));
    return small_node(g, "Swish", small_conv(g, y, 6, 1, 1, 0, 1, false));
}
static layer sums(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_conv(g, y, 6, 1, 1, 0, 1, false);
    return small_both(g, "Add", small_both(g, "Add", y, z), small_both(g, "Mul", y, z));
}
static layer excited(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_node(g, "GlobalAveragePool", y);
    z = small_node(g, "Relu", small_conv(g, z, 3, 1, 1, 0, 1, true));
    z = small_node(g, "Sigmoid", small_conv(g, z, 6, 1, 1, 0, 1, true));
    return small_conv(g, small_both(g, "Mul", z, y), 4, 3, 1, 1, 1, false);
}
static layer excited_norm(struct graph *g, layer x)
{
    layer y = small_norm(g, first(g, x));
    struct node *n = graph_node(g, "Swish", "", "swish", NULL, 1, &y, 1);
    y = finish(g, n);
    layer z = small_conv(g, small_node(g, "GlobalAveragePool", y), 3, 1, 1, 0, 1, true);
    z = small_node(g, "HardSigmoid", small_conv(g, small_node(g, "Relu", z), 6, 1, 1, 0, 1, true));
    return small_conv(g, small_both(g, "Mul", z, y), 4, 1, 1, 0, 1, false);
}
static layer max_pool(struct graph *g, layer x) { return pooled(g, "MaxPool", first(g, x), 3, 2, 1); }
static layer average_pool(struct graph *g, layer x) { return pooled(g, "AveragePool", first(g, x), 3, 2, 1); }
static layer adaptive_pool(struct graph *g, layer x) { return adaptive(g, first(g, x), 3); }
static layer flat(struct graph *g, layer x)
{
    return small_linear(g, small_node(g, "Flatten", pooled(g, "MaxPool", first(g, x), 2, 2, 0)), 5);
}
static layer dropped(struct graph *g, layer x)
{
    layer in[] = {first(g, x), graph_constant_real(g, "ratio", DTYPE_F32, 0.3)};
    return small_conv(g, finish(g, graph_node(g, "Dropout", "", "dropout", NULL, 2, in, 1)), 4, 1, 1, 0, 1, false);
}
static layer shuffle(struct graph *g, layer x)
{
    layer y = first(g, x), z = small_conv(g, y, 6, 1, 1, 0, 1, false);
    layer both = shuffled(g, joined(g, y, z), 2);
    struct node *n = graph_node(g, "Split", "", "split", NULL, 1, &both, 2);
    node_set_int(g, n, "axis", 1);
    node_set_int(g, n, "num_outputs", 2);
    finish(g, n);
    return joined(g, n->out[0], small_conv(g, n->out[1], 6, 3, 1, 1, 1, false));
}
static layer join_blocks(struct graph *g, layer x)
{
    layer y = small_node(g, "Relu", small_conv(g, x, 16, 1, 1, 0, 1, true));
    layer a = small_node(g, "Relu", small_conv(g, y, 16, 1, 1, 0, 1, true));
    layer b = small_node(g, "Relu", small_conv(g, y, 32, 3, 1, 1, 1, true));
    return small_conv(g, joined(g, a, b), 4, 1, 1, 0, 1, false);
}
static layer join_itself(struct graph *g, layer x)
{
    layer y = first(g, x);
    return small_conv(g, joined(g, joined(g, y, y), y), 4, 1, 1, 0, 1, false);
}
static layer classes(struct graph *g, layer x)
{
    return small_linear(g, small_node(g, "Flatten", small_node(g, "GlobalAveragePool", first(g, x))), 7);
}

static const struct small smalls[] = {
    {"conv 3x3", conv_3x3},
    {"conv stride 2", conv_stride},
    {"conv 5x5 of relu", conv_wide},
    {"conv in groups", conv_grouped},
    {"depthwise 3x3", deep_3},
    {"depthwise 3x3 stride 2", deep_3_stride},
    {"depthwise 5x5", deep_5},
    {"depthwise 5x5 stride 2", deep_5_stride},
    {"depthwise 4x4 stride 3", deep_odd},
    {"depthwise 7x7", deep_7},
    {"depthwise and conv", deep_beside},
    {"conv and depthwise", deep_before},
    {"many readers", many_readers},
    {"two linear readers", linear_readers},
    {"norm", norm_alone},
    {"norm relu", norm_relu},
    {"norm swish", norm_swish},
    {"norm hard swish", norm_hard_swish},
    {"norm gelu, conv gelu", norm_gelu},
    {"norm clip", norm_clip},
    {"norm sum", norm_sum},
    {"norm sum relu", norm_sum_relu},
    {"norm depth sum", norm_depth_sum},
    {"stochastic depth", depth_alone},
    {"activations", activations},
    {"sums and products", sums},
    {"squeeze and excite", excited},
    {"squeeze and excite of norm", excited_norm},
    {"max pool", max_pool},
    {"average pool", average_pool},
    {"adaptive pool", adaptive_pool},
    {"flatten, linear", flat},
    {"dropout", dropped},
    {"concat, shuffle, split", shuffle},
    {"concat of whole blocks", join_blocks},
    {"concat with itself", join_itself},
    {"classes", classes},
};
const struct small *small_at(int i) { return i >= 0 && (size_t)i < COUNT_OF(smalls) ? &smalls[i] : NULL; }

struct graph *small_graph(const struct small *s)
{
    gable_error e = {0};
    struct graph *g = graph_new(s->name, "test", 1 << 24);
    layer x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){3, 5, 9, 8});
    graph_output(g, s->build(g, x));
    assert_ok(graph_check(g, &e), &e);
    return g;
}
