#include "zoo/zoo.h"

#include "base/text.h"
#include "zoo/net.h"

#include <string.h>

struct entry {
    struct zoo_model model;
    architecture *build;
    int variant;
};

#define ALEXNET_PAPER "Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014"
#define VGG_PAPER "Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015"
#define RESNET_PAPER "He, Zhang, Ren, Sun: Deep residual learning for image recognition, CVPR 2016"
#define SQUEEZENET_PAPER "Iandola et al.: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, 2016"
#define MOBILENET2_PAPER "Sandler et al.: MobileNetV2: inverted residuals and linear bottlenecks, CVPR 2018"
#define SHUFFLENET_PAPER "Ma, Zhang, Zheng, Sun: ShuffleNet V2: practical guidelines, ECCV 2018"
#define MOBILENET3_PAPER "Howard et al.: Searching for MobileNetV3, ICCV 2019"
#define EFFICIENTNET_PAPER "Tan, Le: EfficientNet: rethinking model scaling for CNNs, ICML 2019"
#define VIT_PAPER "Dosovitskiy et al.: An image is worth 16x16 words: transformers for image recognition, ICLR 2021"
#define SWIN_PAPER "Liu et al.: Swin Transformer: hierarchical vision transformer using shifted windows, ICCV 2021"

/* id, label, family, year, crop, among the report's ten, attention, paper | builder, variant. Crops: torchvision's
 * IMAGENET1K_V1.
 */
static const struct entry entries[] = {
    {{"alexnet", "AlexNet", "alexnet", 2014, 224, false, false, ALEXNET_PAPER}, net_alexnet, 0},
    {{"vgg11", "VGG-11", "vgg", 2014, 224, false, false, VGG_PAPER}, net_vgg, 11},
    {{"vgg16", "VGG-16", "vgg", 2014, 224, false, false, VGG_PAPER}, net_vgg, 16},
    {{"vgg16_bn", "VGG-16 BN", "vgg", 2014, 224, false, false, VGG_PAPER}, net_vgg, -16},
    {{"vgg19", "VGG-19", "vgg", 2014, 224, false, false, VGG_PAPER}, net_vgg, 19},
    {{"resnet18", "ResNet-18", "resnet", 2015, 224, true, false, RESNET_PAPER}, net_resnet, 18},
    {{"resnet34", "ResNet-34", "resnet", 2015, 224, false, false, RESNET_PAPER}, net_resnet, 34},
    {{"resnet50", "ResNet-50", "resnet", 2015, 224, false, false, RESNET_PAPER}, net_resnet, 50},
    {{"resnet101", "ResNet-101", "resnet", 2015, 224, false, false, RESNET_PAPER}, net_resnet, 101},
    {{"resnet152", "ResNet-152", "resnet", 2015, 224, false, false, RESNET_PAPER}, net_resnet, 152},
    {{"squeezenet1_0", "SqueezeNet 1.0", "squeezenet", 2016, 224, false, false, SQUEEZENET_PAPER}, net_squeezenet, 10},
    {{"squeezenet1_1", "SqueezeNet 1.1", "squeezenet", 2016, 224, true, false, SQUEEZENET_PAPER}, net_squeezenet, 11},
    {{"mobilenet_v2", "MobileNetV2", "mobilenet", 2018, 224, true, false, MOBILENET2_PAPER}, net_mobilenet_v2, 0},
    {{"shufflenet_v2_x0_5", "ShuffleNetV2 0.5x", "shufflenet", 2018, 224, true, false, SHUFFLENET_PAPER},
     net_shufflenet_v2,
     5},
    {{"shufflenet_v2_x1_0", "ShuffleNetV2 1.0x", "shufflenet", 2018, 224, false, false, SHUFFLENET_PAPER},
     net_shufflenet_v2,
     10},
    {{"shufflenet_v2_x1_5", "ShuffleNetV2 1.5x", "shufflenet", 2018, 224, false, false, SHUFFLENET_PAPER},
     net_shufflenet_v2,
     15},
    {{"shufflenet_v2_x2_0", "ShuffleNetV2 2.0x", "shufflenet", 2018, 224, true, false, SHUFFLENET_PAPER},
     net_shufflenet_v2,
     20},
    {{"mobilenet_v3_small", "MobileNetV3 small", "mobilenet", 2019, 224, true, false, MOBILENET3_PAPER},
     net_mobilenet_v3,
     0},
    {{"mobilenet_v3_large", "MobileNetV3 large", "mobilenet", 2019, 224, false, false, MOBILENET3_PAPER},
     net_mobilenet_v3,
     1},
    {{"efficientnet_b0", "EfficientNet-B0", "efficientnet", 2019, 224, true, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     0},
    {{"efficientnet_b1", "EfficientNet-B1", "efficientnet", 2019, 240, true, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     1},
    {{"efficientnet_b2", "EfficientNet-B2", "efficientnet", 2019, 288, true, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     2},
    {{"efficientnet_b3", "EfficientNet-B3", "efficientnet", 2019, 300, false, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     3},
    {{"efficientnet_b4", "EfficientNet-B4", "efficientnet", 2019, 380, true, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     4},
    {{"efficientnet_b5", "EfficientNet-B5", "efficientnet", 2019, 456, false, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     5},
    {{"efficientnet_b6", "EfficientNet-B6", "efficientnet", 2019, 528, false, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     6},
    {{"efficientnet_b7", "EfficientNet-B7", "efficientnet", 2019, 600, false, false, EFFICIENTNET_PAPER},
     net_efficientnet,
     7},
    {{"vit_b_16", "ViT-B/16", "vit", 2020, 224, false, true, VIT_PAPER}, net_vit, 16},
    {{"swin_t", "Swin-T", "swin", 2021, 224, false, true, SWIN_PAPER}, net_swin, 0},
};

static const struct variant {
    struct zoo_variant of;
    architecture *build;
    int variant;
} variants[] = {
#define STRIDE_IN_1X1 "the paper's v1: the stride of a bottleneck in its first 1x1 convolution, not in its 3x3"
    {{"resnet50_v1", "resnet50", STRIDE_IN_1X1}, net_resnet, -50},
    {{"resnet101_v1", "resnet101", STRIDE_IN_1X1}, net_resnet, -101},
    {{"resnet152_v1", "resnet152", STRIDE_IN_1X1}, net_resnet, -152},
    {{"mobilenet_v2_x1_4", "mobilenet_v2", "the paper's width 1.4"}, net_mobilenet_v2, 14},
};

const struct zoo_variant *zoo_variant_at(int i) { return (size_t)i < COUNT_OF(variants) ? &variants[i].of : NULL; }

/* The largest zoo graph takes about 1 MiB. */
enum { GRAPH_BYTES_MAX = 64 << 20, SIDE_MAX = 1 << 16, BATCH_MAX = 1 << 16 };

int zoo_size(void) { return (int)COUNT_OF(entries); }

const struct zoo_model *zoo_at(int i) { return &entries[i].model; }

static const struct entry *find(const char *id)
{
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        if (!strcmp(entries[i].model.id, id)) return &entries[i];
    return NULL;
}

static const struct variant *find_variant(const char *id)
{
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        if (!strcmp(variants[i].of.id, id)) return &variants[i];
    return NULL;
}

const struct zoo_model *zoo_find(const char *id)
{
    const struct entry *entry = find(id);
    return entry ? &entry->model : NULL;
}

static gable_status unknown(const char *id, gable_error *e)
{
    const char *ids[COUNT_OF(entries)];
    for (size_t i = 0; i < COUNT_OF(entries); i++) ids[i] = entries[i].model.id;
    const char *nearest = text_nearest(id, ids, COUNT_OF(ids));
    if (!nearest)
        return error_set(e, GABLE_USAGE, "there is no model '%.60s' in the zoo; 'gable models' lists them", id);
    return error_set(e, GABLE_USAGE,
                     "there is no model '%.60s' in the zoo, did you mean '%s'? 'gable models' lists them", id, nearest);
}

static gable_status check_number(const char *what, int value, int most, gable_error *e)
{
    if (value >= 1 && value <= most) return GABLE_OK;
    return error_set(e, GABLE_USAGE, "the %s is %d, it must be 1 to %d", what, value, most);
}

static gable_status build(architecture *make, int variant, const struct zoo_options *o, struct graph *g, gable_error *e)
{
    struct net net = {.g = g, .e = e, .dtype = o->dtype};
    const int64_t dim[] = {o->batch, 3, o->height, o->width};
    layer x = graph_input(g, "input", o->dtype, 4, dim);
    layer y = make(&net, x, variant);
    if (net.status) return net.status;
    graph_output(g, y);
    return graph_check(g, e);
}

gable_status zoo_build(const char *id, const struct zoo_options *options, struct graph **out, gable_error *e)
{
    struct zoo_options o = options ? *options : (struct zoo_options){0};
    const struct entry *entry = find(id);
    const struct variant *v = entry ? NULL : find_variant(id);
    if (!entry && !v) return unknown(id, e);
    if (!o.batch) o.batch = 1;
    if (!o.height) o.height = 224;
    if (!o.width) o.width = 224;
    if (!o.dtype) o.dtype = DTYPE_F32;
    gable_status s = check_number("batch", o.batch, BATCH_MAX, e);
    if (!s) s = check_number("input height", o.height, SIDE_MAX, e);
    if (!s) s = check_number("input width", o.width, SIDE_MAX, e);
    if (s) return s;
    struct graph *g = graph_new(id, "torchvision 0.14.1", GRAPH_BYTES_MAX);
    if (!g) return error_set(e, GABLE_NO_MEMORY, "no memory for a graph");
    g->opset = 24;
    s = entry ? build(entry->build, entry->variant, &o, g, e) : build(v->build, v->variant, &o, g, e);
    if (s) {
        graph_free(g);
        return error_within(e, "%s at %dx%d", id, o.height, o.width);
    }
    *out = g;
    return GABLE_OK;
}
