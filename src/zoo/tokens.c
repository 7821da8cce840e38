/* Layers of transformers: their channels are the last dimension. */
#include "zoo/net.h"

layer net_parameter(struct net *n, const char *name, int rank, const int64_t *dim)
{
    return graph_initializer(n->g, name, ROLE_WEIGHT, n->dtype, rank, dim);
}

static int64_t last(layer x) { return x->shape.dim[x->shape.rank - 1]; }

/* The weight stands as the exporter writes it, in x out: MatMul knows no transposed factor. */
layer net_token_linear(struct net *n, layer x, const char *path, int out, enum linear how)
{
    if (!x) return NULL;
    const int64_t dim[] = {last(x), out};
    const char dot = how == LINEAR_PACKED ? '_' : '.';
    layer in[] = {x, net_parameter(n, net_path(n, "%s%cweight", path, dot), 2, dim)};
    const char *module = how == LINEAR_MODULE || how == LINEAR_NO_BIAS ? "Linear" : NULL;
    layer y = net_end(n, net_begin(n, "MatMul", path, module, 2, in, 1));
    if (how == LINEAR_NO_BIAS) return y;
    layer bias = net_parameter(n, net_path(n, "%s%cbias", path, dot), 1, dim + 1);
    return net_join(n, "Add", y, bias, net_path(n, "%s.biased", path));
}

layer net_layer_norm(struct net *n, layer x, const char *path, double epsilon)
{
    if (!x) return NULL;
    const int64_t dim[] = {last(x)};
    layer in[] = {x, net_parameter(n, net_path(n, "%s.weight", path), 1, dim),
                  net_parameter(n, net_path(n, "%s.bias", path), 1, dim)};
    struct node *node = net_begin(n, "LayerNormalization", path, "LayerNorm", 3, in, 1);
    node_set_int(n->g, node, "axis", -1);
    node_set_float(n->g, node, "epsilon", epsilon);
    return net_end(n, node);
}

layer net_token_mlp(struct net *n, layer x, const char *path, int hidden)
{
    if (!x) return NULL;
    int out = (int)last(x);
    x = net_token_linear(n, x, net_path(n, "%s.0", path), hidden, LINEAR_MODULE);
    x = net_activation(n, x, net_path(n, "%s.1", path), GELU);
    x = net_dropout(n, x, net_path(n, "%s.2", path), 0);
    x = net_token_linear(n, x, net_path(n, "%s.3", path), out, LINEAR_MODULE);
    return net_dropout(n, x, net_path(n, "%s.4", path), 0);
}

layer net_attend(struct net *n, layer q, layer k, layer v, layer bias, layer mask, const char *path)
{
    layer a = net_join(n, "MatMul", q, k, net_path(n, "%s.scores", path));
    if (bias) a = net_join(n, "Add", a, bias, net_path(n, "%s.add_bias", path));
    if (mask && a) { /* one for every window, the same for all heads and images */
        const int64_t *d = a->shape.dim, windows = mask->shape.dim[1];
        const int64_t apart[] = {d[0] / windows, windows, d[1], d[2], d[3]}, together[] = {d[0], d[1], d[2], d[3]};
        a = net_reshape(n, a, net_path(n, "%s.windows", path), 5, apart);
        a = net_join(n, "Add", a, mask, net_path(n, "%s.add_mask", path));
        a = net_reshape(n, a, net_path(n, "%s.heads", path), 4, together);
    }
    if (!a) return NULL;
    struct node *node = net_begin(n, "Softmax", net_path(n, "%s.softmax", path), NULL, 1, &a, 1);
    node_set_int(n->g, node, "axis", -1);
    return net_join(n, "MatMul", net_end(n, node), v, net_path(n, "%s.values", path));
}

layer net_result_of(const char *module, layer x)
{
    if (x) x->producer->module = module;
    return x;
}

layer net_transpose(struct net *n, layer x, const char *path, int rank, const int64_t *order)
{
    if (!x) return NULL;
    struct node *node = net_begin(n, "Transpose", path, NULL, 1, &x, 1);
    node_set_ints(n->g, node, "perm", rank, order);
    return net_end(n, node);
}

layer net_slice(struct net *n, layer x, const char *path, struct slice s)
{
    if (!x) return NULL;
    const struct {
        const char *name;
        int64_t value;
    } ends[] = {{"from", s.from}, {"to", s.to}, {"axis", s.axis}, {"step", s.step}};
    layer in[5] = {x};
    for (int i = 0; i < 4; i++)
        in[1 + i] = graph_constant_ints(n->g, net_path(n, "%s.%s", path, ends[i].name), 1, &ends[i].value);
    return net_end(n, net_begin(n, "Slice", path, NULL, 5, in, 1));
}

layer net_pad_ends(struct net *n, layer x, const char *path, int rank, const int64_t *after)
{
    int64_t pads[2 * 8] = {0};
    if (!x) return NULL;
    for (int i = 0; i < rank; i++) pads[rank + i] = after[i];
    layer in[] = {x, graph_constant_ints(n->g, net_path(n, "%s.pads", path), 2 * rank, pads)};
    return net_end(n, net_begin(n, "Pad", path, NULL, 2, in, 1));
}
