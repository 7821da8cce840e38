/* The combinators that architectures are built from: torch's layers as ONNX nodes, shapes inferred as they are added.
   The first failure sticks: later calls return NULL and add nothing, net_finish reports it. Private to zoo/. */
#ifndef ZOO_NET_H
#define ZOO_NET_H
#include "graph/graph.h"

struct net {
    struct graph *g;
    gable_error *e;
    gable_status status;
    enum dtype dtype;
};
typedef struct tensor *layer;

/* PATH is torch's module path; printf-like. The text lives in the graph. */
const char *net_path(struct net *n, const char *format, ...) PRINTF_LIKE(2, 3);

struct conv {
    int out, kernel, stride, pad, groups; /* stride and groups: 0 means 1 */
    bool has_bias;
};
layer net_conv(struct net *n, layer x, const char *path, struct conv c);  /* Conv2d */
layer net_norm(struct net *n, layer x, const char *path, double epsilon); /* BatchNorm2d */
layer net_linear(struct net *n, layer x, const char *path, int out);      /* Linear, with bias */

enum activation { NO_ACTIVATION, RELU, RELU6, SILU, SIGMOID, HARDSWISH, HARDSIGMOID, GELU };
layer net_activation(struct net *n, layer x, const char *path, enum activation a);
/* Another call of a module that was called before: its output gets a name of its own. */
layer net_activation_again(struct net *n, layer x, const char *path, enum activation a);
layer net_dropout(struct net *n, layer x, const char *path, double share);
layer net_stochastic_depth(struct net *n, layer x, const char *path, double share);
layer net_stochastic_depth_again(struct net *n, layer x, const char *path, double share);

/* torch's Sequential of Conv2d (no bias), BatchNorm2d and activation: path.0, path.1, path.2; padding keeps the size.
 */
layer net_conv_norm_activation(struct net *n, layer x, const char *path, struct conv c, double epsilon,
                               enum activation a);
/* torchvision's SqueezeExcitation: avgpool, fc1, activation, fc2, scale_activation, product with x. */
layer net_squeeze_excite(struct net *n, layer x, const char *path, int squeezed, enum activation inner,
                         enum activation gate);

struct pool {
    int kernel, stride, pad;
    bool ceil_mode;
};
layer net_max_pool(struct net *n, layer x, const char *path, struct pool p);
/* AdaptiveAvgPool2d((size, size)); module false: the functional call. */
layer net_adaptive_pool(struct net *n, layer x, const char *path, int size, bool is_module);

/* Functional calls. */
layer net_add(struct net *n, layer a, layer b, const char *path);
layer net_concat(struct net *n, layer a, layer b, const char *path);      /* along channels */
void net_halves(struct net *n, layer x, const char *path, layer half[2]); /* chunk(2, dim=1) */
layer net_channel_shuffle(struct net *n, layer x, const char *path, int groups);
layer net_spatial_mean(struct net *n, layer x, const char *path); /* x.mean([2, 3]) */
layer net_flatten(struct net *n, layer x, const char *path);

/* Tokens: channels are the last dimension (tokens.c). */
enum linear {
    LINEAR_MODULE,
    LINEAR_NO_BIAS, /* the module, without bias */
    LINEAR_CALL,    /* F.linear with the weights of a module */
    LINEAR_PACKED   /* F.linear with MultiheadAttention's own in_proj_weight and in_proj_bias */
};
layer net_token_linear(struct net *n, layer x, const char *path, int out, enum linear how);
layer net_layer_norm(struct net *n, layer x, const char *path, double epsilon);
/* torchvision's MLP: path.0 to path.4: Linear, GELU, Dropout, Linear, Dropout. */
layer net_token_mlp(struct net *n, layer x, const char *path, int hidden);
/* softmax(q k' + every bias) v of heads; the scale is in q, k is transposed already. A NULL bias is none. */
layer net_attend(struct net *n, layer q, layer k, layer v, layer bias, layer mask, const char *path);

layer net_reshape(struct net *n, layer x, const char *path, int rank, const int64_t *dim);
layer net_transpose(struct net *n, layer x, const char *path, int rank, const int64_t *order);
/* x is the result of a module of that class, not of a call; NULL is fine. */
layer net_result_of(const char *module, layer x);
layer net_join(struct net *n, const char *op, layer a, layer b, const char *path); /* Add, Mul, Div, MatMul, Gather */
layer net_concat_axis(struct net *n, const char *path, int n_in, layer *in, int axis);
void net_split(struct net *n, layer x, const char *path, int axis, int parts, layer *out);
struct slice {
    int axis;
    int64_t from, to, step;
};
layer net_slice(struct net *n, layer x, const char *path, struct slice s);
layer net_pad_ends(struct net *n, layer x, const char *path, int rank, const int64_t *after); /* zeros */
layer net_parameter(struct net *n, const char *name, int rank, const int64_t *dim);

int net_channels(layer x); /* 0 for NULL */
/* torchvision's _make_divisible: the nearest multiple of 8 that is not more than 10 % below. */
int make_divisible(double channels);

/* One function per family: the whole network from its input to its output; `variant` is the family's own number. */
typedef layer architecture(struct net *n, layer x, int variant);
architecture net_alexnet, net_vgg, net_resnet, net_squeezenet, net_mobilenet_v2, net_mobilenet_v3, net_shufflenet_v2,
    net_efficientnet, net_vit, net_swin;

/* What combinators are made of: net.c and tokens.c. */
struct node *net_begin(struct net *n, const char *op, const char *path, const char *module, int n_in, layer const *in,
                       int n_out);               /* attributes are set next; NULL once anything has failed */
layer net_end(struct net *n, struct node *node); /* infers the node's shapes; its first output */
#endif
