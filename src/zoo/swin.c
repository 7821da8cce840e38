/* Swin Transformer [Liu et al.: Swin Transformer: hierarchical vision transformer using shifted windows, ICCV 2021].
   The variant is 0 for the tiny model. Images are n x height x width x channels between the blocks. Attention is a call
   with the weights of two Linear modules. */
#include "zoo/net.h"

#include <math.h>

enum { STAGES = 4, WIDTH = 96, PATCH = 4, SIDE = 7, TOKENS = SIDE * SIDE, SHIFT = SIDE / 2 };
#define NORM_EPSILON 1e-5
#define STOCHASTIC_DEPTH 0.2

static const struct stage {
    int blocks, heads;
} stages[STAGES] = {{2, 3}, {2, 6}, {6, 12}, {2, 24}};

/* An image that is a whole number of windows: padded at its ends. */
struct windows {
    int64_t n, height, width, channels; /* images; with the padding */
    int64_t down, across;               /* windows */
    int64_t shift[2];                   /* 0 where one window is all there is */
};

static struct windows windows_of(layer x, bool is_shifted)
{
    const int64_t *d = x->shape.dim;
    struct windows w = {
        .n = d[0], .channels = d[3], .down = (d[1] + SIDE - 1) / SIDE, .across = (d[2] + SIDE - 1) / SIDE};
    w.height = w.down * SIDE;
    w.width = w.across * SIDE;
    w.shift[0] = is_shifted && w.down > 1 ? SHIFT : 0;
    w.shift[1] = is_shifted && w.across > 1 ? SHIFT : 0;
    return w;
}

/* torch.roll: what leaves at the front comes back at the end. */
static layer roll(struct net *n, layer x, const char *path, int axis, int64_t by)
{
    if (!x || !by) return x;
    int64_t size = x->shape.dim[axis], cut = by > 0 ? by : size + by;
    layer parts[2] = {net_slice(n, x, net_path(n, "%s.%d.tail", path, axis), (struct slice){axis, cut, size, 1}),
                      net_slice(n, x, net_path(n, "%s.%d.head", path, axis), (struct slice){axis, 0, cut, 1})};
    return net_concat_axis(n, net_path(n, "%s.%d", path, axis), 2, parts, axis);
}

static layer partition(struct net *n, layer x, const char *path, const struct windows *w)
{
    const int64_t apart[] = {w->n, w->down, SIDE, w->across, SIDE, w->channels};
    const int64_t each[] = {w->n * w->down * w->across, TOKENS, w->channels};
    x = net_reshape(n, x, net_path(n, "%s.view", path), 6, apart);
    x = net_transpose(n, x, net_path(n, "%s.permute", path), 6, (const int64_t[]){0, 1, 3, 2, 4, 5});
    return net_reshape(n, x, path, 3, each);
}

static layer put_together(struct net *n, layer x, const char *path, const struct windows *w)
{
    const int64_t apart[] = {w->n, w->down, w->across, SIDE, SIDE, w->channels};
    const int64_t whole[] = {w->n, w->height, w->width, w->channels};
    x = net_reshape(n, x, net_path(n, "%s.view", path), 6, apart);
    x = net_transpose(n, x, net_path(n, "%s.permute", path), 6, (const int64_t[]){0, 1, 3, 2, 4, 5});
    return net_reshape(n, x, path, 4, whole);
}

/* The learned bias of each pair of places in a window, by how far they are apart: 1 x heads x tokens x tokens. */
static layer relative_bias(struct net *n, const char *path, int heads)
{
    enum { APART = 2 * SIDE - 1 };
    int64_t index[SIDE][SIDE][SIDE][SIDE]; /* of a place: row and column; then of the other */
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            for (int k = 0; k < SIDE; k++)
                for (int l = 0; l < SIDE; l++) index[i][j][k][l] = (i - k + SIDE - 1) * APART + j - l + SIDE - 1;
    layer table = net_parameter(n, net_path(n, "%s.relative_position_bias_table", path), 2,
                                (const int64_t[]){APART * APART, heads});
    layer at =
        graph_constant_ints(n->g, net_path(n, "%s.relative_position_index", path), TOKENS * TOKENS, &index[0][0][0][0]);
    layer bias = net_join(n, "Gather", table, at, net_path(n, "%s.bias", path));
    bias = net_reshape(n, bias, net_path(n, "%s.bias.view", path), 4, (const int64_t[]){1, TOKENS, TOKENS, heads});
    return net_transpose(n, bias, net_path(n, "%s.bias.permute", path), 4, (const int64_t[]){0, 3, 1, 2});
}

/* Which of three stripes a line belongs to after the shift: what came round is no neighbour. */
static int stripe(int64_t at, int64_t size, int64_t shift)
{
    return at >= size - shift && shift ? 2 : at >= size - SIDE;
}

/* 0 for places of one region, -100 else: 1 x windows x 1 x tokens x tokens. */
static layer mask_of(struct net *n, const char *path, const struct windows *w)
{
    const int64_t windows = w->down * w->across;
    int64_t *region = arena_array(n->g->arena, (size_t)(windows * TOKENS), sizeof *region);
    if (!region) {
        n->g->failed = true;
        return NULL;
    }
    for (int64_t down = 0, at = 0; down < w->down; down++)
        for (int64_t across = 0; across < w->across; across++)
            for (int i = 0; i < SIDE; i++)
                for (int j = 0; j < SIDE; j++)
                    region[at++] = 3 * stripe(down * SIDE + i, w->height, w->shift[0]) +
                                   stripe(across * SIDE + j, w->width, w->shift[1]);
    layer all = graph_constant_ints(n->g, net_path(n, "%s.region", path), (int)(windows * TOKENS), region);
    layer one = net_reshape(n, all, net_path(n, "%s.one", path), 5, (const int64_t[]){1, windows, 1, 1, TOKENS});
    layer other = net_reshape(n, all, net_path(n, "%s.other", path), 5, (const int64_t[]){1, windows, 1, TOKENS, 1});
    layer is_near = net_join(n, "Equal", one, other, net_path(n, "%s.equal", path));
    layer in[] = {is_near, graph_constant_real(n->g, net_path(n, "%s.near", path), n->dtype, 0),
                  graph_constant_real(n->g, net_path(n, "%s.far", path), n->dtype, -100)};
    return is_near ? net_end(n, net_begin(n, "Where", path, NULL, 3, in, 1)) : NULL;
}

static layer attention(struct net *n, layer x, const char *path, const struct windows *w, int heads)
{
    const int64_t all = w->n * w->down * w->across, each = w->channels / heads;
    const int64_t apart[] = {all, TOKENS, 3, heads, each}, part[] = {all, heads, TOKENS, each};
    layer qkv[3];
    x = net_token_linear(n, x, net_path(n, "%s.qkv", path), (int)(3 * w->channels), LINEAR_CALL);
    x = net_reshape(n, x, net_path(n, "%s.qkv.view", path), 5, apart);
    x = net_transpose(n, x, net_path(n, "%s.qkv.permute", path), 5, (const int64_t[]){2, 0, 3, 1, 4});
    net_split(n, x, net_path(n, "%s.qkv.split", path), 0, 3, qkv);
    for (int i = 0; i < 3; i++) qkv[i] = net_reshape(n, qkv[i], net_path(n, "%s.qkv.%d", path, i), 4, part);
    layer scale = graph_constant_real(n->g, net_path(n, "%s.scale", path), n->dtype, 1 / sqrt((double)each));
    layer q = net_join(n, "Mul", qkv[0], scale, net_path(n, "%s.scaled", path));
    layer k = net_transpose(n, qkv[1], net_path(n, "%s.transpose", path), 4, (const int64_t[]){0, 1, 3, 2});
    layer mask = w->shift[0] || w->shift[1] ? mask_of(n, net_path(n, "%s.mask", path), w) : NULL;
    x = net_attend(n, q, k, qkv[2], relative_bias(n, path, heads), mask, path);
    x = net_transpose(n, x, net_path(n, "%s.back", path), 4, (const int64_t[]){0, 2, 1, 3});
    x = net_reshape(n, x, net_path(n, "%s.together", path), 3, (const int64_t[]){all, TOKENS, w->channels});
    return net_token_linear(n, x, net_path(n, "%s.proj", path), (int)w->channels, LINEAR_CALL);
}

static layer window_attention(struct net *n, layer x, const char *path, bool is_shifted, int heads)
{
    if (!x) return NULL;
    const struct windows w = windows_of(x, is_shifted);
    const int64_t height = x->shape.dim[1], width = x->shape.dim[2];
    const int64_t after[] = {0, w.height - height, w.width - width, 0};
    if (after[1] || after[2]) x = net_pad_ends(n, x, net_path(n, "%s.pad", path), 4, after);
    for (int i = 0; i < 2; i++) x = roll(n, x, net_path(n, "%s.roll", path), 1 + i, w.shift[i]);
    x = partition(n, x, net_path(n, "%s.partition", path), &w);
    x = put_together(n, attention(n, x, path, &w, heads), net_path(n, "%s.reverse", path), &w);
    for (int i = 0; i < 2; i++) x = roll(n, x, net_path(n, "%s.unroll", path), 1 + i, -w.shift[i]);
    if (after[1]) x = net_slice(n, x, net_path(n, "%s.rows", path), (struct slice){1, 0, height, 1});
    return after[2] ? net_slice(n, x, net_path(n, "%s.columns", path), (struct slice){2, 0, width, 1}) : x;
}

static layer block(struct net *n, layer x, const char *path, bool is_shifted, int heads, double drop)
{
    if (!x) return NULL;
    const char *depth = net_path(n, "%s.stochastic_depth", path);
    layer y = net_layer_norm(n, x, net_path(n, "%s.norm1", path), NORM_EPSILON);
    y = window_attention(n, y, net_path(n, "%s.attn", path), is_shifted, heads);
    x = net_join(n, "Add", x, net_stochastic_depth(n, y, depth, drop), net_path(n, "%s.add_1", path));
    y = net_layer_norm(n, x, net_path(n, "%s.norm2", path), NORM_EPSILON);
    y = net_token_mlp(n, y, net_path(n, "%s.mlp", path), x ? 4 * (int)x->shape.dim[3] : 0);
    return net_join(n, "Add", x, net_stochastic_depth_again(n, y, depth, drop), net_path(n, "%s.add_2", path));
}

/* Four neighbours become one place of four times the channels, and these half as many. */
static layer merge(struct net *n, layer x, const char *path)
{
    if (!x) return NULL;
    const int64_t height = x->shape.dim[1] + x->shape.dim[1] % 2, width = x->shape.dim[2] + x->shape.dim[2] % 2;
    const int64_t after[] = {0, height - x->shape.dim[1], width - x->shape.dim[2], 0};
    const int channels = (int)x->shape.dim[3];
    layer corner[4];
    if (after[1] || after[2]) x = net_pad_ends(n, x, net_path(n, "%s.pad", path), 4, after);
    for (int i = 0; i < 4; i++) {
        layer rows = net_slice(n, x, net_path(n, "%s.rows.%d", path, i), (struct slice){1, i % 2, height, 2});
        corner[i] = net_slice(n, rows, net_path(n, "%s.corner.%d", path, i), (struct slice){2, i / 2, width, 2});
    }
    x = net_concat_axis(n, net_path(n, "%s.cat", path), 4, corner, 3);
    x = net_layer_norm(n, x, net_path(n, "%s.norm", path), NORM_EPSILON);
    return net_token_linear(n, x, net_path(n, "%s.reduction", path), 2 * channels, LINEAR_NO_BIAS);
}

layer net_swin(struct net *n, layer x, int variant)
{
    (void)variant;
    const struct conv patches = {.out = WIDTH, .kernel = PATCH, .stride = PATCH, .has_bias = true};
    int index = 1, block_index = 0, blocks = 0;
    for (int s = 0; s < STAGES; s++) blocks += stages[s].blocks;
    x = net_conv(n, x, "features.0.0", patches);
    x = net_result_of("Permute", net_transpose(n, x, "features.0.1", 4, (const int64_t[]){0, 2, 3, 1}));
    x = net_layer_norm(n, x, "features.0.2", NORM_EPSILON);
    for (int s = 0; s < STAGES; s++) {
        for (int i = 0; i < stages[s].blocks; i++, block_index++)
            x = block(n, x, net_path(n, "features.%d.%d", index, i), i % 2, stages[s].heads,
                      STOCHASTIC_DEPTH * block_index / (blocks - 1));
        index++;
        if (s + 1 < STAGES) x = merge(n, x, net_path(n, "features.%d", index++));
    }
    x = net_layer_norm(n, x, "norm", NORM_EPSILON);
    x = net_result_of("Permute", net_transpose(n, x, "permute", 4, (const int64_t[]){0, 3, 1, 2}));
    x = net_result_of("Flatten", net_flatten(n, net_adaptive_pool(n, x, "avgpool", 1, true), "flatten"));
    return net_linear(n, x, "head", 1000);
}
