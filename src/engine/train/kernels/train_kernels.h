/* The loops of training, compiled once per instruction set into one table each. Layout: channels in blocks of `vl`,
   pixels inside a block: [block][y][x][vl]. A plane is one block of one image. Pointers may be unaligned. */
#ifndef ENGINE_TRAIN_KERNELS_TRAIN_KERNELS_H
#define ENGINE_TRAIN_KERNELS_TRAIN_KERNELS_H
#include "engine/cpu/kernels/kernels.h"
#include "ops/training.h"

/* What a normalisation does to one plane: y = act((scale x + shift) * by + rest); vectors hold one block. */
struct norm_plane {
    const float *scale, *shift;
    float by;         /* stochastic depth's multiplier of this image; 1 where there is none */
    bool is_streamed; /* y passes the caches by: it is larger than they are, and aligned */
    struct activation act;
    const float *gate, *extra; /* backward: the gradient of y is gate * dy + extra; both NULL: dy */
};
/* dx = a g + b x + c */
struct norm_slopes {
    const float *a, *b, *c;
};
/* A depthwise convolution backward, one block of channels. */
struct depthwise_back {
    int height, width, out_height, out_width; /* of x and y */
    int kernel[2], stride[2], dilation[2], pad_top, pad_left;
};
/* A pooling window's place. */
struct pool_window {
    int y0, y1, x0, x1;
};
struct pool_plane {
    enum pool_kind kind;
    int width, height;                 /* of x */
    int out_width, out_height;         /* of y */
    const struct pool_window *windows; /* per pixel of y */
    const float *share;                /* average: the factor of each window */
};
/* Which lanes of a plane change places with another plane's; -1: none. */
enum { MOST_LANES = 16 };
struct lane_move {
    float *plane;
    int lane[MOST_LANES];
};
/* A block of 3x3 filters, one a lane. */
struct winograd_filters {
    int lanes;
    long lane_step; /* floats between two filters */
    long component; /* floats between two of the 36 matrices */
    bool is_turned; /* by half a turn, as the data's gradient wants them */
};
enum moment { MOMENT_PIVOT, MOMENT_SUM, MOMENT_SQUARE, MOMENTS };
struct update_rule {
    enum optimizer kind;
    float rate, momentum, beta1, beta2, epsilon, decay;
    float root_scale; /* ADAM: 1 / sqrt(1 - beta2^t); rate holds 1 / (1 - beta1^t) */
    float shrink;     /* ADAMW: 1 - rate * decay; else 1 */
};

/* The input with zeros around it, where planes are small enough that borders cost more than a copy; else 0. */
long depthwise_padded(const struct depthwise_back *d, int vl);

struct train_kernels {
    enum isa isa;
    int vl;
    /* out[MOMENTS][vl]: the first pixel, then sums over pixels of x - pivot and of its square. */
    void (*moments)(const float *x, long pixels, float *out);
    void (*norm)(const struct norm_plane *n, const float *x, const float *rest, long pixels,
                 float *y); /* rest: or NULL */
    /* sums[2][vl]: of g and g (x - mean), g being the gradient before the normalisation's scale; `before`, where not
       NULL, gets the gradient of the sum that act was applied to; it may be dy. `y` is read where rest is part of it
       (act is then a function whose slope y tells) and may be NULL else. */
    void (*norm_sums)(const struct norm_plane *n, const float *mean, const float *x, const float *y, const float *dy,
                      long pixels, float *before, float *sums);
    /* act must be ACT_NONE where `before` was written: dy is that. dx may be dy. */
    void (*norm_back)(const struct norm_plane *n, const struct norm_slopes *s, const float *x, const float *dy,
                      long pixels, float *dx);

    void (*activate)(struct activation a, const float *x, long n, float *y); /* n is a multiple of vl from here on */
    /* dx = dy times the slope of `a` at x or, where by_output, at the x that gave y; dx may be dy. */
    void (*activate_back)(struct activation a, bool by_output, const float *xy, const float *dy, long n, float *dx);
    /* relu's gradient in place and its sums over pixels: a convolution's bias gradient; y NULL: no relu. */
    void (*bias_back)(const float *y, long pixels, float *dy, float *sums);
    void (*accumulate)(const float *x, long n, float *into);
    void (*add)(const float *x, const float *y, long n, float *out);
    void (*multiply)(const float *x, const float *y, long n, float *out);
    void (*multiply_add)(const float *x, const float *y, long n, float *into);
    void (*fill)(const float *value, float by, long pixels, bool is_added, float *out); /* vl values times by */
    /* y = x times `by` where a number drawn by the lane's two keys and the pixel is at least `least`, else 0; added to
       y where is_added; y may be x. keys[2][vl]. */
    void (*drop)(const uint32_t *keys, uint32_t least, float by, const float *x, long pixels, bool is_added, float *y);
    void (*gate)(const float *x, const float *gate, long pixels, float *out);
    void (*gate_sums)(const float *x, const float *dy, long pixels, float *sums); /* sums[vl] of x dy */
    void (*gate_add)(const float *x, const float *gate, long pixels, float *into);

    void (*depthwise_data)(const struct depthwise_back *d, const float *dy, const float *w, float *dx);
    /* dw[rows][columns][vl] is added to; `padded` is scratch of depthwise_padded floats. */
    void (*depthwise_weight)(const struct depthwise_back *d, const float *x, const float *dy, float *padded, float *dw);

    /* F(4x4, 3x3): filters -> u[36 components][vl]; from the sums over tiles of products, u, their gradient; tiles of
       4 x 4 of the output's gradient at offset `plane` -> v[36 components][tile][step]. */
    void (*winograd_filter)(const struct winograd_filters *f, const float *w, float *u);
    void (*winograd_gradient)(const struct winograd_filters *f, const float *u, float *dw);
    void (*winograd_spread)(const struct winograd_tiles *t, long plane, long step, float *v);

    /* y = max or mean of the window. The max leaves where it found it first, 16 rows + columns from the window's start,
       for backward; the mean's backward adds to dx. */
    void (*pool_max)(const struct pool_plane *p, const float *x, float *y, uint8_t *positions);
    void (*pool_mean)(const struct pool_plane *p, const float *x, float *y);
    void (*pool_max_back)(const struct pool_plane *p, const uint8_t *positions, const float *dy, bool is_added,
                          float *dx);
    void (*pool_mean_back)(const struct pool_plane *p, const float *dy, float *dx);
    /* Of n planes: out's lane l = plane's lane[l], 0 where no plane has one; back: plane's lane l += in's lane[l]. */
    void (*gather)(const struct lane_move *m, int n, long pixels, float *out);
    void (*scatter)(const float *in, long pixels, const struct lane_move *m, int n);

    void (*update)(const struct update_rule *r, long n, float *w, const float *g, float *first, float *second);
};
/* The table of an instruction set; NULL where this build has none or the machine cannot run it. */
const struct train_kernels *train_kernels_for(enum isa isa);
#endif
