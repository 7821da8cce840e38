/* ShuffleNetV2 [Ma, Zhang, Zheng, Sun: ShuffleNet V2: practical guidelines for efficient CNN architecture design, ECCV
   2018]. The variant is ten times the width: 5, 10, 15, 20. */
#include "zoo/net.h"

/* Conv2d, BatchNorm2d (and ReLU) numbered on inside one Sequential. */
static layer conv_norm(struct net *n, layer x, const char *path, int *index, struct conv c, enum activation a)
{
    x = net_conv(n, x, net_path(n, "%s.%d", path, (*index)++), c);
    x = net_norm(n, x, net_path(n, "%s.%d", path, (*index)++), 1e-5);
    return a ? net_activation(n, x, net_path(n, "%s.%d", path, (*index)++), a) : x;
}

static struct conv pointwise(int out) { return (struct conv){.out = out, .kernel = 1}; }

static struct conv depthwise(int channels, int stride)
{
    return (struct conv){.out = channels, .kernel = 3, .stride = stride, .pad = 1, .groups = channels};
}

static layer branch2(struct net *n, layer x, const char *path, int width, int stride)
{
    const char *branch = net_path(n, "%s.branch2", path);
    int index = 0;
    x = conv_norm(n, x, branch, &index, pointwise(width), RELU);
    x = conv_norm(n, x, branch, &index, depthwise(width, stride), NO_ACTIVATION);
    return conv_norm(n, x, branch, &index, pointwise(width), RELU);
}

static layer unit(struct net *n, layer x, const char *path, int out, int stride)
{
    layer half[2] = {x, x};
    int index = 0;
    if (stride == 1) {
        net_halves(n, x, net_path(n, "%s.chunk", path), half);
    } else {
        const char *branch = net_path(n, "%s.branch1", path);
        half[0] = conv_norm(n, half[0], branch, &index, depthwise(net_channels(x), stride), NO_ACTIVATION);
        half[0] = conv_norm(n, half[0], branch, &index, pointwise(out / 2), RELU);
    }
    half[1] = branch2(n, half[1], path, out / 2, stride);
    x = net_concat(n, half[0], half[1], net_path(n, "%s.cat", path));
    return net_channel_shuffle(n, x, net_path(n, "%s.shuffle", path), 2);
}

layer net_shufflenet_v2(struct net *n, layer x, int variant)
{
    static const struct {
        int variant, channels[4];
    } rows[] = {{5, {48, 96, 192, 1024}},
                {10, {116, 232, 464, 1024}},
                {15, {176, 352, 704, 1024}},
                {20, {244, 488, 976, 2048}}};
    static const int repeats[] = {4, 8, 4};
    size_t row = 0;
    while (rows[row].variant != variant) row++;
    int index = 0;
    x = conv_norm(n, x, "conv1", &index, (struct conv){.out = 24, .kernel = 3, .stride = 2, .pad = 1}, RELU);
    x = net_max_pool(n, x, "maxpool", (struct pool){.kernel = 3, .stride = 2, .pad = 1});
    for (int stage = 0; stage < 3; stage++)
        for (int i = 0; i < repeats[stage]; i++)
            x = unit(n, x, net_path(n, "stage%d.%d", stage + 2, i), rows[row].channels[stage], i ? 1 : 2);
    index = 0;
    x = conv_norm(n, x, "conv5", &index, pointwise(rows[row].channels[3]), RELU);
    return net_linear(n, net_spatial_mean(n, x, "mean"), "fc", 1000);
}
