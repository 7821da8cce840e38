/* VGG [Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015]. The variant
   is the depth, negative with batch normalisation. */
#include "zoo/net.h"

#include <stdlib.h>

/* 3x3 convolutions in each of the five stages. */
static const int *stage_depths(int depth)
{
    static const int eleven[] = {1, 1, 2, 2, 2}, sixteen[] = {2, 2, 3, 3, 3}, nineteen[] = {2, 2, 4, 4, 4};
    return depth == 11 ? eleven : depth == 16 ? sixteen : nineteen;
}

layer net_vgg(struct net *n, layer x, int variant)
{
    static const int channels[] = {64, 128, 256, 512, 512};
    const int *depths = stage_depths(abs(variant));
    int index = 0;
    for (size_t stage = 0; stage < COUNT_OF(channels); stage++) {
        struct conv conv = {.out = channels[stage], .kernel = 3, .pad = 1, .has_bias = true};
        for (int i = 0; i < depths[stage]; i++) {
            x = net_conv(n, x, net_path(n, "features.%d", index++), conv);
            if (variant < 0) x = net_norm(n, x, net_path(n, "features.%d", index++), 1e-5);
            x = net_activation(n, x, net_path(n, "features.%d", index++), RELU);
        }
        x = net_max_pool(n, x, net_path(n, "features.%d", index++), (struct pool){.kernel = 2, .stride = 2});
    }
    x = net_flatten(n, net_adaptive_pool(n, x, "avgpool", 7, true), "flatten");
    for (int i = 0; i < 2; i++) {
        x = net_linear(n, x, net_path(n, "classifier.%d", 3 * i), 4096);
        x = net_activation(n, x, net_path(n, "classifier.%d", 3 * i + 1), RELU);
        x = net_dropout(n, x, net_path(n, "classifier.%d", 3 * i + 2), 0.5);
    }
    return net_linear(n, x, "classifier.6", 1000);
}
