/* AlexNet as torchvision has it [Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014]. */
#include "zoo/net.h"

layer net_alexnet(struct net *n, layer x, int variant)
{
    static const struct {
        struct conv conv;
        bool is_pooled;
    } rows[] = {{{.out = 64, .kernel = 11, .stride = 4, .pad = 2, .has_bias = true}, true},
                {{.out = 192, .kernel = 5, .pad = 2, .has_bias = true}, true},
                {{.out = 384, .kernel = 3, .pad = 1, .has_bias = true}, false},
                {{.out = 256, .kernel = 3, .pad = 1, .has_bias = true}, false},
                {{.out = 256, .kernel = 3, .pad = 1, .has_bias = true}, true}};
    (void)variant;
    int index = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        x = net_conv(n, x, net_path(n, "features.%d", index++), rows[i].conv);
        x = net_activation(n, x, net_path(n, "features.%d", index++), RELU);
        if (rows[i].is_pooled)
            x = net_max_pool(n, x, net_path(n, "features.%d", index++), (struct pool){.kernel = 3, .stride = 2});
    }
    x = net_flatten(n, net_adaptive_pool(n, x, "avgpool", 6, true), "flatten");
    x = net_linear(n, net_dropout(n, x, "classifier.0", 0.5), "classifier.1", 4096);
    x = net_activation(n, x, "classifier.2", RELU);
    x = net_linear(n, net_dropout(n, x, "classifier.3", 0.5), "classifier.4", 4096);
    x = net_activation(n, x, "classifier.5", RELU);
    return net_linear(n, x, "classifier.6", 1000);
}
