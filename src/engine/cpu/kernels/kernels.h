/* The loops that compute, compiled once per instruction set into one table each. All else in engine/cpu arranges work
   for them. Layout: channels in blocks of `vl`, pixels inside a block: [block][y][x][vl]. Planes and weights are
   float32; every pointer may be unaligned. */
#ifndef ENGINE_CPU_KERNELS_KERNELS_H
#define ENGINE_CPU_KERNELS_KERNELS_H
#include "engine/engine.h"

enum act {
    ACT_NONE,
    ACT_RELU,
    ACT_CLIP,
    ACT_HARD_SWISH,
    ACT_SCALED_HARD_SWISH,
    ACT_SWISH,
    ACT_GELU,
    ACT_SIGMOID,
    ACT_HARD_SIGMOID
};
struct activation {
    enum act kind;
    float a, b; /* CLIP: bounds; HARD_SIGMOID: max(0, min(1, a x + b)); SCALED_HARD_SWISH: a hardswish(x) + b */
};

/* One tile of a convolution as a matrix product: M pixels x NB blocks of output channels.
     out[n][m][:] = act(bias[n] + res[n][m][:] + sum over k of x[off[k] + m * step] * w[k][n][:])
   off[] says where input channel (or channel, kernel row, kernel column) k lies: so channel gather, concatenation,
   k x k kernels on a padded input and the planar image of a first layer are all the same kernel. */
struct gemm {
    const int *off;
    int k;
    int step; /* floats between pixels; read by GEMM_ANY only */
    struct activation act;
    long block;         /* floats between blocks of out */
    long res_block;     /* the same for res */
    const float *ahead; /* weights needed next, fetched into the cache meanwhile: ahead_step floats per k */
    long ahead_step;
};
typedef void gemm_tile(const struct gemm *g, const float *x, const float *w, const float *bias, const float *res,
                       float *out);
enum { GEMM_PIXELS = 14, GEMM_BLOCKS = 4 };
/* GEMM_HALF computes only the lower half of its last block (its weights are packed so) and stores zeros above: 24 or
   40 channels then cost 1.5 or 2.5 blocks on cores whose 512-bit operations are two of 256. */
/* GEMM_ACROSS: "pixels" are the channels of a block, k are pixels: a gradient of weights. */
enum gemm_variant { GEMM_FLAT, GEMM_HALF, GEMM_EVERY_SECOND, GEMM_PLANAR_SECOND, GEMM_ACROSS, GEMM_ANY, GEMM_VARIANTS };
typedef gemm_tile *gemm_tiles[GEMM_BLOCKS + 1][GEMM_PIXELS + 1]; /* [blocks][pixels] */

/* A depthwise convolution of one block of channels. */
struct depthwise {
    int height, width, out_height, out_width;                 /* of the planes */
    int kernel[2], stride[2], dilation[2], pad_top, pad_left; /* [rows, columns] */
    int kept;                                                 /* rows of the input in memory: row r lies at r % kept */
    bool is_centred; /* 3x3, 5x5 or 7x7, pads of half the kernel, no dilation */
    struct activation act;
};

/* Where F(4x4, 3x3) finds its tiles: planes of height x width in each of several images. */
struct winograd_tiles {
    int height, width, columns, per_image; /* tiles per row of tiles and per image */
    int first, n;                          /* the tiles of this call */
    float *const *image;                   /* base of each image's arena */
    long component;                        /* floats between two of the 36 matrices */
    struct activation act;
};

struct span { /* a pooling window: rows or columns first..last - 1 */
    int first, last;
};
enum pool_kind { POOL_MAX, POOL_AVERAGE };

struct kernels {
    enum isa isa;
    int vl;                                /* floats per block */
    int wide;                              /* blocks per group of output channels when there are many pixels */
    int most_pixels[GEMM_BLOCKS + 1];      /* of a tile, by blocks: what the registers hold */
    const gemm_tiles *gemm[GEMM_VARIANTS]; /* GEMM_HALF is NULL where blocks are not halved */

    /* Rows y0..y1 of the output; w: [rows][columns][vl]; sums: NULL or vl sums over what was written, added to. */
    void (*depthwise)(const struct depthwise *d, const float *plane, const float *w, const float *bias, float *out,
                      int y0, int y1, float *sums);
    /* Tiles of a block at offset `plane` -> v[36 components][tile][vl]. */
    void (*winograd_in)(const struct winograd_tiles *t, long plane, float *v);
    /* m[36 components][tile][vl] -> the block at offset `plane`; res: offset of the block to add, or -1. */
    void (*winograd_out)(const struct winograd_tiles *t, const float *m, const float *bias, long res, long plane);
    /* One output row: out_width windows of columns in the given rows; average: multiplied by scale[x]. */
    void (*pool_row)(enum pool_kind kind, const float *plane, int width, struct span rows, const struct span *columns,
                     const float *scale, int out_width, float *out);
    void (*sum)(const float *plane, long pixels, float *sums); /* sums[vl] over all pixels */
    /* out = act(x + y), n floats, a multiple of vl. */
    void (*add)(const float *x, const float *y, long n, struct activation act, float *out);
    /* Every pixel of a block times gate[vl]; out may be x. */
    void (*scale)(const float *x, const float *gate, long pixels, float *out);
    /* Row r of [rows][columns] times by[r]; columns is a multiple of vl / 2. */
    void (*scale_rows)(const float *x, const float *by, int rows, int columns, float *out);
    /* hidden = act(w1 x + b1), out = act(w2^T hidden + b2): w1 and w2 are [n_hidden][n], n a multiple of vl; x has
       n_parts partial sums, `stride` floats apart. `mean` (n) and `hidden` (n_hidden + vl) are scratch. */
    void (*excite)(int n, int n_hidden, const float *x, int n_parts, long stride, const float *w1, const float *b1,
                   struct activation act1, const float *w2, const float *b2, struct activation act2, float *mean,
                   float *hidden, float *out);
    void (*activate)(float *x, long n, struct activation act); /* in place, n a multiple of vl */
    /* Each pixel of `blocks` blocks, `block` floats apart: (x - mean) / sqrt(variance + epsilon) * gamma + beta over
       its channels, of which the last block has `last`. gamma and beta: [blocks][vl]. */
    void (*normalise)(const float *x, long block, int blocks, int last, long pixels, const float *gamma,
                      const float *beta, float epsilon, float *out);
    /* Each pixel: exponentials over its channels, divided by their sum. */
    void (*softmax)(const float *x, long block, int blocks, int last, long pixels, float *out);
    void (*spread)(const float *x, long pixels, long step, float *out); /* pixel i to out + i * step floats */
};
/* The table of an instruction set; NULL where this build has none or the machine cannot run it. */
const struct kernels *kernels_for(enum isa isa);
#endif
