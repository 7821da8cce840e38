/* ResNet [He, Zhang, Ren, Sun: Deep residual learning for image recognition, CVPR 2016], torchvision's v1.5: the stride
   of a bottleneck is in its 3x3 convolution. The variant is the depth; negative for the paper's v1, with the stride in
   the first 1x1 convolution. */
#include "zoo/net.h"

#include <stdlib.h>

enum form { BASIC, BOTTLENECK, BOTTLENECK_V1 };

static layer conv_norm(struct net *n, layer x, const char *path, int which, struct conv c)
{
    x = net_conv(n, x, net_path(n, "%s.conv%d", path, which), c);
    return net_norm(n, x, net_path(n, "%s.bn%d", path, which), 1e-5);
}

/* One relu module, called after every convolution but the last, and after the sum. */
static layer main_branch(struct net *n, layer x, const char *path, int width, int stride, enum form form)
{
    const char *relu = net_path(n, "%s.relu", path);
    if (form == BASIC) {
        x = conv_norm(n, x, path, 1, (struct conv){.out = width, .kernel = 3, .stride = stride, .pad = 1});
        x = net_activation(n, x, relu, RELU);
        return conv_norm(n, x, path, 2, (struct conv){.out = width, .kernel = 3, .pad = 1});
    }
    x = conv_norm(n, x, path, 1,
                  (struct conv){.out = width, .kernel = 1, .stride = form == BOTTLENECK_V1 ? stride : 1});
    x = net_activation(n, x, relu, RELU);
    x = conv_norm(n, x, path, 2,
                  (struct conv){.out = width, .kernel = 3, .stride = form == BOTTLENECK_V1 ? 1 : stride, .pad = 1});
    x = net_activation(n, x, relu, RELU);
    if (x) x->name = net_path(n, "%s.2", relu);
    return conv_norm(n, x, path, 3, (struct conv){.out = 4 * width, .kernel = 1});
}

static layer block(struct net *n, layer x, const char *path, int width, int stride, enum form form)
{
    layer y = main_branch(n, x, path, width, stride, form);
    if (stride != 1 || net_channels(x) != net_channels(y)) {
        x = net_conv(n, x, net_path(n, "%s.downsample.0", path),
                     (struct conv){.out = net_channels(y), .kernel = 1, .stride = stride});
        x = net_norm(n, x, net_path(n, "%s.downsample.1", path), 1e-5);
    }
    y = net_add(n, y, x, net_path(n, "%s.add", path));
    return net_activation_again(n, y, net_path(n, "%s.relu", path), RELU);
}

layer net_resnet(struct net *n, layer x, int variant)
{
    static const struct {
        int depth, blocks[4];
        bool is_bottleneck;
    } rows[] = {{18, {2, 2, 2, 2}, false},
                {34, {3, 4, 6, 3}, false},
                {50, {3, 4, 6, 3}, true},
                {101, {3, 4, 23, 3}, true},
                {152, {3, 8, 36, 3}, true}};
    size_t row = 0;
    while (rows[row].depth != abs(variant)) row++;
    enum form form = !rows[row].is_bottleneck ? BASIC : variant < 0 ? BOTTLENECK_V1 : BOTTLENECK;
    x = net_conv(n, x, "conv1", (struct conv){.out = 64, .kernel = 7, .stride = 2, .pad = 3});
    x = net_activation(n, net_norm(n, x, "bn1", 1e-5), "relu", RELU);
    x = net_max_pool(n, x, "maxpool", (struct pool){.kernel = 3, .stride = 2, .pad = 1});
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < rows[row].blocks[stage]; i++)
            x = block(n, x, net_path(n, "layer%d.%d", stage + 1, i), 64 << stage, i == 0 && stage > 0 ? 2 : 1, form);
    x = net_flatten(n, net_adaptive_pool(n, x, "avgpool", 1, true), "flatten");
    return net_linear(n, x, "fc", 1000);
}
