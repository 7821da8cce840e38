/* SqueezeNet [Iandola et al.: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, 2016]. The variant is 10 or
   11, for versions 1.0 and 1.1. */
#include "zoo/net.h"

static layer conv_relu(struct net *n, layer x, const char *path, int out, int kernel)
{
    x = net_conv(n, x, path, (struct conv){.out = out, .kernel = kernel, .pad = kernel / 2, .has_bias = true});
    return net_activation(n, x, net_path(n, "%s_activation", path), RELU);
}

static layer fire(struct net *n, layer x, const char *path, int squeeze, int expand)
{
    x = conv_relu(n, x, net_path(n, "%s.squeeze", path), squeeze, 1);
    layer small = conv_relu(n, x, net_path(n, "%s.expand1x1", path), expand, 1);
    layer large = conv_relu(n, x, net_path(n, "%s.expand3x3", path), expand, 3);
    return net_concat(n, small, large, net_path(n, "%s.cat", path));
}

layer net_squeezenet(struct net *n, layer x, int variant)
{
    /* {squeeze, expand} of a fire module, {0, 0} for a pooling */
    static const int old[][2] = {{0, 0},    {16, 64},  {16, 64},  {32, 128}, {0, 0},    {32, 128},
                                 {48, 192}, {48, 192}, {64, 256}, {0, 0},    {64, 256}, {-1, -1}};
    static const int new[][2] = {{0, 0}, {16, 64},  {16, 64},  {0, 0},    {32, 128}, {32, 128},
                                 {0, 0}, {48, 192}, {48, 192}, {64, 256}, {64, 256}, {-1, -1}};
    const int(*rows)[2] = variant == 10 ? old : new;
    struct conv stem = {.out = variant == 10 ? 96 : 64, .kernel = variant == 10 ? 7 : 3, .stride = 2, .has_bias = true};
    x = net_activation(n, net_conv(n, x, "features.0", stem), "features.1", RELU);
    for (int i = 0; rows[i][0] >= 0; i++) {
        const char *path = net_path(n, "features.%d", 2 + i);
        x = rows[i][0] ? fire(n, x, path, rows[i][0], rows[i][1])
                       : net_max_pool(n, x, path, (struct pool){.kernel = 3, .stride = 2, .ceil_mode = true});
    }
    x = net_dropout(n, x, "classifier.0", 0.5);
    x = net_conv(n, x, "classifier.1", (struct conv){.out = 1000, .kernel = 1, .has_bias = true});
    x = net_activation(n, x, "classifier.2", RELU);
    return net_flatten(n, net_adaptive_pool(n, x, "classifier.3", 1, true), "flatten");
}
