/* Vision Transformer [Dosovitskiy et al.: An image is worth 16x16 words, ICLR 2021]. The variant is the patch's side,
   of the base model. Attention is torch's MultiheadAttention: its projections are calls, not modules. */
#include "zoo/net.h"

#include <math.h>

enum { BLOCKS = 12, HEADS = 12, WIDTH = 768, EACH = WIDTH / HEADS, HIDDEN = 3072 };
#define NORM_EPSILON 1e-6

/* n x tokens x width to n x heads x tokens x each, or x each x tokens */
static layer heads_of(struct net *n, layer x, const char *path, bool is_transposed)
{
    if (!x) return NULL;
    const int64_t apart[] = {x->shape.dim[0], x->shape.dim[1], HEADS, EACH};
    x = net_reshape(n, x, net_path(n, "%s.heads", path), 4, apart);
    return net_transpose(n, x, net_path(n, "%s.transpose", path), 4,
                         is_transposed ? (const int64_t[]){0, 2, 3, 1} : (const int64_t[]){0, 2, 1, 3});
}

static layer attention(struct net *n, layer x, const char *path)
{
    layer part[3];
    if (!x) return NULL;
    const int64_t together[] = {x->shape.dim[0], x->shape.dim[1], WIDTH};
    x = net_token_linear(n, x, net_path(n, "%s.in_proj", path), 3 * WIDTH, LINEAR_PACKED);
    net_split(n, x, net_path(n, "%s.chunk", path), 2, 3, part);
    layer root = graph_constant_real(n->g, net_path(n, "%s.root", path), n->dtype, sqrt(EACH));
    layer q = heads_of(n, part[0], net_path(n, "%s.q", path), false);
    q = net_join(n, "Div", q, root, net_path(n, "%s.scaled", path));
    layer k = heads_of(n, part[1], net_path(n, "%s.k", path), true);
    layer v = heads_of(n, part[2], net_path(n, "%s.v", path), false);
    x = net_attend(n, q, k, v, NULL, NULL, path);
    x = net_transpose(n, x, net_path(n, "%s.back", path), 4, (const int64_t[]){0, 2, 1, 3});
    x = net_reshape(n, x, net_path(n, "%s.together", path), 3, together);
    x = net_token_linear(n, x, net_path(n, "%s.out_proj", path), WIDTH, LINEAR_CALL);
    return net_result_of("MultiheadAttention", x);
}

static layer block(struct net *n, layer x, const char *path)
{
    layer y = net_layer_norm(n, x, net_path(n, "%s.ln_1", path), NORM_EPSILON);
    y = attention(n, y, net_path(n, "%s.self_attention", path));
    y = net_dropout(n, y, net_path(n, "%s.dropout", path), 0);
    x = net_join(n, "Add", y, x, net_path(n, "%s.add_1", path));
    y = net_layer_norm(n, x, net_path(n, "%s.ln_2", path), NORM_EPSILON);
    y = net_token_mlp(n, y, net_path(n, "%s.mlp", path), HIDDEN);
    return net_join(n, "Add", x, y, net_path(n, "%s.add_2", path));
}

/* The patches of the image as tokens, the class token before them. */
static layer tokens(struct net *n, layer x, int patch)
{
    const int64_t one[] = {1, 1, WIDTH};
    x = net_conv(n, x, "conv_proj", (struct conv){.out = WIDTH, .kernel = patch, .stride = patch, .has_bias = true});
    if (!x) return NULL;
    const int64_t batch = x->shape.dim[0], patches = x->shape.dim[2] * x->shape.dim[3];
    x = net_reshape(n, x, "reshape", 3, (const int64_t[]){batch, WIDTH, patches});
    x = net_transpose(n, x, "permute", 3, (const int64_t[]){0, 2, 1});
    layer shape = graph_constant_ints(n->g, "expand.shape", 3, (const int64_t[]){batch, 1, WIDTH});
    layer class = net_join(n, "Expand", net_parameter(n, "class_token", 3, one), shape, "expand");
    return net_concat_axis(n, "cat", 2, (layer[]){class, x}, 1);
}

layer net_vit(struct net *n, layer x, int variant)
{
    if (!x) return NULL;
    const int64_t h = x->shape.dim[2], w = x->shape.dim[3];
    if (h % variant || w % variant) {
        n->status = error_set(n->e, GABLE_BAD_INPUT,
                              "the image is cut into patches of %dx%d: both sides must be multiples of %d, such as 224",
                              variant, variant, variant);
        return NULL;
    }
    x = tokens(n, x, variant);
    if (!x) return NULL;
    layer places = net_parameter(n, "encoder.pos_embedding", 3, (const int64_t[]){1, x->shape.dim[1], WIDTH});
    x = net_dropout(n, net_join(n, "Add", x, places, "encoder.add"), "encoder.dropout", 0);
    for (int i = 0; i < BLOCKS; i++) x = block(n, x, net_path(n, "encoder.layers.encoder_layer_%d", i));
    x = net_layer_norm(n, x, "encoder.ln", NORM_EPSILON);
    x = net_slice(n, x, "class", (struct slice){.axis = 1, .from = 0, .to = 1, .step = 1});
    return net_linear(n, net_flatten(n, x, "select"), "heads.head", 1000);
}
