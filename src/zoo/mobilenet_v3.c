/* MobileNetV3 [Howard et al.: Searching for MobileNetV3, ICCV 2019], width 1. The variant is 0 for small, 1 for large.
 */
#include "zoo/net.h"

#define NORM_EPSILON 1e-3

struct unit {
    int kernel, expanded, out;
    bool has_gate;
    enum activation activation;
    int stride;
};
static const struct unit small[] = {
    {3, 16, 16, true, RELU, 2},       {3, 72, 24, false, RELU, 2},      {3, 88, 24, false, RELU, 1},
    {5, 96, 40, true, HARDSWISH, 2},  {5, 240, 40, true, HARDSWISH, 1}, {5, 240, 40, true, HARDSWISH, 1},
    {5, 120, 48, true, HARDSWISH, 1}, {5, 144, 48, true, HARDSWISH, 1}, {5, 288, 96, true, HARDSWISH, 2},
    {5, 576, 96, true, HARDSWISH, 1}, {5, 576, 96, true, HARDSWISH, 1}, {0},
};
static const struct unit large[] = {
    {3, 16, 16, false, RELU, 1},       {3, 64, 24, false, RELU, 2},
    {3, 72, 24, false, RELU, 1},       {5, 72, 40, true, RELU, 2},
    {5, 120, 40, true, RELU, 1},       {5, 120, 40, true, RELU, 1},
    {3, 240, 80, false, HARDSWISH, 2}, {3, 200, 80, false, HARDSWISH, 1},
    {3, 184, 80, false, HARDSWISH, 1}, {3, 184, 80, false, HARDSWISH, 1},
    {3, 480, 112, true, HARDSWISH, 1}, {3, 672, 112, true, HARDSWISH, 1},
    {5, 672, 160, true, HARDSWISH, 2}, {5, 960, 160, true, HARDSWISH, 1},
    {5, 960, 160, true, HARDSWISH, 1}, {0},
};

static layer inverted_residual(struct net *n, layer x, const char *path, const struct unit *u)
{
    int index = 0, quarter = u->expanded / 4; /* whole, as in Python's // */
    layer y = x;
    if (u->expanded != net_channels(x))
        y = net_conv_norm_activation(n, y, net_path(n, "%s.block.%d", path, index++),
                                     (struct conv){.out = u->expanded, .kernel = 1}, NORM_EPSILON, u->activation);
    y = net_conv_norm_activation(
        n, y, net_path(n, "%s.block.%d", path, index++),
        (struct conv){.out = u->expanded, .kernel = u->kernel, .stride = u->stride, .groups = u->expanded},
        NORM_EPSILON, u->activation);
    if (u->has_gate)
        y = net_squeeze_excite(n, y, net_path(n, "%s.block.%d", path, index++), make_divisible(quarter), RELU,
                               HARDSIGMOID);
    y = net_conv_norm_activation(n, y, net_path(n, "%s.block.%d", path, index),
                                 (struct conv){.out = u->out, .kernel = 1}, NORM_EPSILON, NO_ACTIVATION);
    return u->stride == 1 && net_channels(x) == u->out ? net_add(n, y, x, net_path(n, "%s.add", path)) : y;
}

layer net_mobilenet_v3(struct net *n, layer x, int variant)
{
    const struct unit *units = variant ? large : small;
    int index = 0;
    x = net_conv_norm_activation(n, x, net_path(n, "features.%d", index++),
                                 (struct conv){.out = 16, .kernel = 3, .stride = 2}, NORM_EPSILON, HARDSWISH);
    for (int i = 0; units[i].kernel; i++) x = inverted_residual(n, x, net_path(n, "features.%d", index++), &units[i]);
    x = net_conv_norm_activation(n, x, net_path(n, "features.%d", index),
                                 (struct conv){.out = 6 * net_channels(x), .kernel = 1}, NORM_EPSILON, HARDSWISH);
    x = net_flatten(n, net_adaptive_pool(n, x, "avgpool", 1, true), "flatten");
    x = net_linear(n, x, "classifier.0", variant ? 1280 : 1024);
    x = net_dropout(n, net_activation(n, x, "classifier.1", HARDSWISH), "classifier.2", 0.2);
    return net_linear(n, x, "classifier.3", 1000);
}
