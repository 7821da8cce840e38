#include "zoo/net.h"

#include "ops/ops.h"

#include <stdio.h>
#include <string.h>

const char *net_path(struct net *n, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *copy = arena_string(n->g->arena, text);
    if (!copy) n->g->failed = true;
    return copy ? copy : "";
}

int net_channels(layer x) { return x && x->shape.rank > 1 ? (int)x->shape.dim[1] : 0; }

int make_divisible(double channels)
{
    int rounded = (int)(channels + 4) / 8 * 8;
    if (rounded < 8) rounded = 8;
    return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

struct node *net_begin(struct net *n, const char *op, const char *path, const char *module, int n_in, layer const *in,
                       int n_out)
{
    return n->status || n->g->failed ? NULL : graph_node(n->g, op, DOMAIN_ONNX, path, module, n_in, in, n_out);
}

layer net_end(struct net *n, struct node *node)
{
    if (!n->status) n->status = ops_infer_node(n->g, node, n->e);
    return n->status ? NULL : node->out[0];
}

static layer weight(struct net *n, enum tensor_role role, const char *path, const char *name, int rank,
                    const int64_t *dim)
{
    char full[160];
    snprintf(full, sizeof full, "%s.%s", path, name);
    return graph_initializer(n->g, full, role, n->dtype, rank, dim);
}

static void set_pair(struct net *n, struct node *node, const char *name, int64_t value)
{
    node_set_ints(n->g, node, name, 2, (const int64_t[]){value, value});
}

static void set_window(struct net *n, struct node *node, int kernel, int stride, int pad)
{
    set_pair(n, node, "kernel_shape", kernel);
    set_pair(n, node, "strides", stride);
    node_set_ints(n->g, node, "pads", 4, (const int64_t[]){pad, pad, pad, pad});
}

layer net_conv(struct net *n, layer x, const char *path, struct conv c)
{
    if (!x) return NULL;
    int groups = c.groups ? c.groups : 1, stride = c.stride ? c.stride : 1;
    const int64_t dim[] = {c.out, net_channels(x) / groups, c.kernel, c.kernel};
    layer in[3] = {x, weight(n, ROLE_WEIGHT, path, "weight", 4, dim)};
    if (c.has_bias) in[2] = weight(n, ROLE_WEIGHT, path, "bias", 1, dim);
    struct node *node = net_begin(n, "Conv", path, "Conv2d", c.has_bias ? 3 : 2, in, 1);
    set_window(n, node, c.kernel, stride, c.pad);
    node_set_int(n->g, node, "group", groups);
    return net_end(n, node);
}

layer net_norm(struct net *n, layer x, const char *path, double epsilon)
{
    if (!x) return NULL;
    const int64_t dim[] = {net_channels(x)};
    layer in[] = {x, weight(n, ROLE_WEIGHT, path, "weight", 1, dim), weight(n, ROLE_WEIGHT, path, "bias", 1, dim),
                  weight(n, ROLE_BUFFER, path, "running_mean", 1, dim),
                  weight(n, ROLE_BUFFER, path, "running_var", 1, dim)};
    struct node *node = net_begin(n, "BatchNormalization", path, "BatchNorm2d", 5, in, 1);
    node_set_float(n->g, node, "epsilon", epsilon);
    return net_end(n, node);
}

layer net_linear(struct net *n, layer x, const char *path, int out)
{
    if (!x) return NULL;
    const int64_t dim[] = {out, net_channels(x)};
    layer in[] = {x, weight(n, ROLE_WEIGHT, path, "weight", 2, dim), weight(n, ROLE_WEIGHT, path, "bias", 1, dim)};
    struct node *node = net_begin(n, "Gemm", path, "Linear", 3, in, 1);
    node_set_int(n->g, node, "transB", 1);
    return net_end(n, node);
}

layer net_activation(struct net *n, layer x, const char *path, enum activation a)
{
    static const struct {
        const char *op, *module;
    } rows[] = {[RELU] = {"Relu", "ReLU"},
                [RELU6] = {"Clip", "ReLU6"},
                [SILU] = {"Swish", "SiLU"},
                [SIGMOID] = {"Sigmoid", "Sigmoid"},
                [HARDSWISH] = {"HardSwish", "Hardswish"},
                [HARDSIGMOID] = {"HardSigmoid", "Hardsigmoid"},
                [GELU] = {"Gelu", "GELU"}};
    if (!x || a == NO_ACTIVATION) return x;
    layer in[3] = {x};
    if (a == RELU6) {
        in[1] = graph_constant_real(n->g, net_path(n, "%s.min", path), n->dtype, 0);
        in[2] = graph_constant_real(n->g, net_path(n, "%s.max", path), n->dtype, 6);
    }
    struct node *node = net_begin(n, rows[a].op, path, rows[a].module, a == RELU6 ? 3 : 1, in, 1);
    if (a == HARDSIGMOID) node_set_float(n->g, node, "alpha", 1.0 / 6);
    return net_end(n, node);
}

static layer again(struct net *n, layer y, const char *path)
{
    if (y) y->name = net_path(n, "%s.again", path);
    return y;
}

layer net_activation_again(struct net *n, layer x, const char *path, enum activation a)
{
    return again(n, net_activation(n, x, path, a), path);
}

layer net_dropout(struct net *n, layer x, const char *path, double share)
{
    if (!x) return NULL;
    layer in[] = {x, graph_constant_real(n->g, net_path(n, "%s.ratio", path), n->dtype, share)};
    return net_end(n, net_begin(n, "Dropout", path, "Dropout", 2, in, 1));
}

layer net_stochastic_depth(struct net *n, layer x, const char *path, double share)
{
    if (!x || n->status) return NULL;
    struct node *node = graph_node(n->g, "StochasticDepth", DOMAIN_GABLE, path, "StochasticDepth", 1, &x, 1);
    node_set_float(n->g, node, "p", share);
    return net_end(n, node);
}

layer net_stochastic_depth_again(struct net *n, layer x, const char *path, double share)
{
    return again(n, net_stochastic_depth(n, x, path, share), path);
}

layer net_conv_norm_activation(struct net *n, layer x, const char *path, struct conv c, double epsilon,
                               enum activation a)
{
    c.pad = (c.kernel - 1) / 2;
    x = net_conv(n, x, net_path(n, "%s.0", path), c);
    x = net_norm(n, x, net_path(n, "%s.1", path), epsilon);
    return net_activation(n, x, net_path(n, "%s.2", path), a);
}

layer net_join(struct net *n, const char *op, layer a, layer b, const char *path)
{
    if (!a || !b) return NULL;
    return net_end(n, net_begin(n, op, path, NULL, 2, (layer[]){a, b}, 1));
}

layer net_squeeze_excite(struct net *n, layer x, const char *path, int squeezed, enum activation inner,
                         enum activation gate)
{
    struct conv down = {.out = squeezed, .kernel = 1, .has_bias = true};
    struct conv up = {.out = net_channels(x), .kernel = 1, .has_bias = true};
    layer y = net_adaptive_pool(n, x, net_path(n, "%s.avgpool", path), 1, true);
    y = net_conv(n, y, net_path(n, "%s.fc1", path), down);
    y = net_activation(n, y, net_path(n, "%s.activation", path), inner);
    y = net_conv(n, y, net_path(n, "%s.fc2", path), up);
    y = net_activation(n, y, net_path(n, "%s.scale_activation", path), gate);
    return net_join(n, "Mul", y, x, net_path(n, "%s.mul", path));
}

layer net_max_pool(struct net *n, layer x, const char *path, struct pool p)
{
    if (!x) return NULL;
    struct node *node = net_begin(n, "MaxPool", path, "MaxPool2d", 1, &x, 1);
    set_window(n, node, p.kernel, p.stride, p.pad);
    node_set_int(n->g, node, "ceil_mode", p.ceil_mode);
    return net_end(n, node);
}

layer net_adaptive_pool(struct net *n, layer x, const char *path, int size, bool is_module)
{
    if (!x || n->status) return NULL;
    const char *module = is_module ? "AdaptiveAvgPool2d" : NULL;
    if (size == 1) return net_end(n, net_begin(n, "GlobalAveragePool", path, module, 1, &x, 1));
    struct node *node = graph_node(n->g, "AdaptiveAveragePool", DOMAIN_GABLE, path, module, 1, &x, 1);
    set_pair(n, node, "output_size", size);
    return net_end(n, node);
}

layer net_add(struct net *n, layer a, layer b, const char *path) { return net_join(n, "Add", a, b, path); }

layer net_concat_axis(struct net *n, const char *path, int n_in, layer *in, int axis)
{
    for (int i = 0; i < n_in; i++)
        if (!in[i]) return NULL;
    struct node *node = net_begin(n, "Concat", path, NULL, n_in, in, 1);
    node_set_int(n->g, node, "axis", axis);
    return net_end(n, node);
}

layer net_concat(struct net *n, layer a, layer b, const char *path)
{
    return net_concat_axis(n, path, 2, (layer[]){a, b}, 1);
}

void net_split(struct net *n, layer x, const char *path, int axis, int parts, layer *out)
{
    for (int i = 0; i < parts; i++) out[i] = NULL;
    if (!x) return;
    struct node *node = net_begin(n, "Split", path, NULL, 1, &x, parts);
    node_set_int(n->g, node, "axis", axis);
    node_set_int(n->g, node, "num_outputs", parts);
    if (!net_end(n, node)) return;
    for (int i = 0; i < parts; i++) out[i] = node->out[i];
}

void net_halves(struct net *n, layer x, const char *path, layer half[2]) { net_split(n, x, path, 1, 2, half); }

layer net_reshape(struct net *n, layer x, const char *path, int rank, const int64_t *dim)
{
    if (!x) return NULL;
    layer shape = graph_constant_ints(n->g, net_path(n, "%s.shape", path), rank, dim);
    return net_end(n, net_begin(n, "Reshape", path, NULL, 2, (layer[]){x, shape}, 1));
}

layer net_channel_shuffle(struct net *n, layer x, const char *path, int groups)
{
    if (!x) return NULL;
    const int64_t *d = x->shape.dim, each = d[1] / groups;
    const int64_t apart[] = {d[0], groups, each, d[2], d[3]}, together[] = {d[0], d[1], d[2], d[3]};
    layer y = net_reshape(n, x, net_path(n, "%s.view", path), 5, apart);
    y = net_transpose(n, y, net_path(n, "%s.transpose", path), 5, (const int64_t[]){0, 2, 1, 3, 4});
    return net_reshape(n, y, path, 4, together);
}

layer net_spatial_mean(struct net *n, layer x, const char *path)
{
    if (!x) return NULL;
    layer axes = graph_constant_ints(n->g, net_path(n, "%s.axes", path), 2, (const int64_t[]){2, 3});
    struct node *node = net_begin(n, "ReduceMean", path, NULL, 2, (layer[]){x, axes}, 1);
    node_set_int(n->g, node, "keepdims", 0);
    return net_end(n, node);
}

layer net_flatten(struct net *n, layer x, const char *path)
{
    return x ? net_end(n, net_begin(n, "Flatten", path, NULL, 1, &x, 1)) : NULL;
}
