/* EfficientNet [Tan, Le: EfficientNet: rethinking model scaling for convolutional neural networks, ICML 2019]. The
   variant is the number after the B. */
#include "zoo/net.h"

struct scale {
    double width, depth, dropout, epsilon; /* of the batch normalisations: torchvision sets B5 to B7's to 1e-3 */
};
static const struct scale scales[] = {{1.0, 1.0, 0.2, 1e-5}, {1.0, 1.1, 0.2, 1e-5}, {1.1, 1.2, 0.3, 1e-5},
                                      {1.2, 1.4, 0.3, 1e-5}, {1.4, 1.8, 0.4, 1e-5}, {1.6, 2.2, 0.4, 1e-3},
                                      {1.8, 2.6, 0.5, 1e-3}, {2.0, 3.1, 0.5, 1e-3}};

struct stage {
    int expand, kernel, stride, out, repeats;
};
static const struct stage stages[] = {{1, 3, 1, 16, 1},  {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3},
                                      {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1}};

/* ceil(repeats x depth); the products are no whole numbers by accident of rounding for none of the eight */
static int scaled_repeats(int repeats, double depth)
{
    int whole = (int)(repeats * depth);
    return whole < repeats * depth ? whole + 1 : whole;
}

static layer mbconv(struct net *n, layer x, const char *path, const struct stage *stage, int out, int stride,
                    double epsilon, double drop)
{
    int in = net_channels(x), hidden = make_divisible(in * stage->expand), index = 0;
    layer y = x;
    if (hidden != in)
        y = net_conv_norm_activation(n, y, net_path(n, "%s.block.%d", path, index++),
                                     (struct conv){.out = hidden, .kernel = 1}, epsilon, SILU);
    y = net_conv_norm_activation(
        n, y, net_path(n, "%s.block.%d", path, index++),
        (struct conv){.out = hidden, .kernel = stage->kernel, .stride = stride, .groups = hidden}, epsilon, SILU);
    y = net_squeeze_excite(n, y, net_path(n, "%s.block.%d", path, index++), in / 4 > 1 ? in / 4 : 1, SILU, SIGMOID);
    y = net_conv_norm_activation(n, y, net_path(n, "%s.block.%d", path, index), (struct conv){.out = out, .kernel = 1},
                                 epsilon, NO_ACTIVATION);
    if (stride != 1 || in != out) return y;
    y = net_stochastic_depth(n, y, net_path(n, "%s.stochastic_depth", path), drop);
    return net_add(n, y, x, net_path(n, "%s.add", path));
}

layer net_efficientnet(struct net *n, layer x, int variant)
{
    const struct scale *scale = &scales[variant];
    int blocks = 0, block = 0, last = (int)COUNT_OF(stages);
    for (size_t s = 0; s < COUNT_OF(stages); s++) blocks += scaled_repeats(stages[s].repeats, scale->depth);
    x = net_conv_norm_activation(n, x, "features.0",
                                 (struct conv){.out = make_divisible(32 * scale->width), .kernel = 3, .stride = 2},
                                 scale->epsilon, SILU);
    for (int s = 0; s < last; s++) {
        const struct stage *stage = &stages[s];
        int out = make_divisible(stage->out * scale->width);
        for (int i = 0; i < scaled_repeats(stage->repeats, scale->depth); i++, block++)
            x = mbconv(n, x, net_path(n, "features.%d.%d", s + 1, i), stage, out, i ? 1 : stage->stride, scale->epsilon,
                       0.2 * block / blocks);
    }
    x = net_conv_norm_activation(n, x, net_path(n, "features.%d", last + 1),
                                 (struct conv){.out = 4 * net_channels(x), .kernel = 1}, scale->epsilon, SILU);
    x = net_flatten(n, net_adaptive_pool(n, x, "avgpool", 1, true), "flatten");
    return net_linear(n, net_dropout(n, x, "classifier.0", scale->dropout), "classifier.1", 1000);
}
