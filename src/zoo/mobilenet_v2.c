/* MobileNetV2 [Sandler et al.: MobileNetV2: inverted residuals and linear bottlenecks, CVPR 2018]. The
   variant is ten times the width, 0 for width 1. */
#include "zoo/net.h"

/* Expand (unless by 1), depthwise, project; the sum where shapes allow it. conv.0, conv.1, ... count what is there. */
static layer inverted_residual(struct net *n, layer x, const char *path, int expand, int out, int stride)
{
    int hidden = net_channels(x) * expand, index = 0;
    layer y = x;
    if (expand != 1)
        y = net_conv_norm_activation(n, y, net_path(n, "%s.conv.%d", path, index++),
                                     (struct conv){.out = hidden, .kernel = 1}, 1e-5, RELU6);
    y = net_conv_norm_activation(n, y, net_path(n, "%s.conv.%d", path, index++),
                                 (struct conv){.out = hidden, .kernel = 3, .stride = stride, .groups = hidden}, 1e-5,
                                 RELU6);
    y = net_conv(n, y, net_path(n, "%s.conv.%d", path, index++), (struct conv){.out = out, .kernel = 1});
    y = net_norm(n, y, net_path(n, "%s.conv.%d", path, index++), 1e-5);
    return stride == 1 && net_channels(x) == out ? net_add(n, x, y, net_path(n, "%s.add", path)) : y;
}

layer net_mobilenet_v2(struct net *n, layer x, int variant)
{
    static const struct {
        int expand, out, repeats, stride;
    } rows[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    double width = variant ? variant / 10. : 1;
    int index = 0;
    x = net_conv_norm_activation(n, x, net_path(n, "features.%d", index++),
                                 (struct conv){.out = make_divisible(32 * width), .kernel = 3, .stride = 2}, 1e-5,
                                 RELU6);
    for (size_t r = 0; r < COUNT_OF(rows); r++)
        for (int i = 0; i < rows[r].repeats; i++)
            x = inverted_residual(n, x, net_path(n, "features.%d", index++), rows[r].expand,
                                  make_divisible(rows[r].out * width), i ? 1 : rows[r].stride);
    x = net_conv_norm_activation(n, x, net_path(n, "features.%d", index),
                                 (struct conv){.out = make_divisible(1280 * width), .kernel = 1}, 1e-5, RELU6);
    x = net_flatten(n, net_adaptive_pool(n, x, "adaptive_avg_pool2d", 1, false), "flatten");
    return net_linear(n, net_dropout(n, x, "classifier.0", 0.2), "classifier.1", 1000);
}
