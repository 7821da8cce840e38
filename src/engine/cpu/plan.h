/* A plan: a graph as a list of steps, every activation placed in one arena by its lifetime, every weight in one block.
   Nothing large is allocated here, so a plan tells what a session would take before it takes it. */
#ifndef ENGINE_CPU_PLAN_H
#define ENGINE_CPU_PLAN_H
#include "engine/cpu/axes.h"
#include "engine/cpu/kernels/kernels.h"
#include "ops/analysis.h"

enum { SLOTS_MAX = 8 }; /* most images that late layers take together */

/* What may be chosen by time. */
struct choices {
    int tail_rows;    /* planes of at most so many rows belong to the tail; 0: no tail */
    int tail_group;   /* images that take the tail together */
    bool *winograd;   /* per group of nodes: its 3x3 convolution by F(4x4, 3x3) */
    bool is_timed;    /* chosen by time, not by rule */
    bool is_recalled; /* by time, in an earlier session */
};
struct buffer {
    long floats;
    int first, last; /* steps during which it lives */
    bool is_head;    /* one for the whole batch */
    long at;         /* floats from the arena's, or the head's, start */
};

enum constant_use { CONSTANT_FACTOR, CONSTANT_DIVISOR, CONSTANT_ADDEND };
enum { CONSTANTS_MAX = 3 };
/* Initializers of one value, or of one a channel, that are applied one after the other. */
struct constants {
    int n;
    struct {
        const struct tensor *of;
        enum constant_use use;
    } at[CONSTANTS_MAX];
};

/* Weight, bias, and what is folded into them: a batch normalisation, then constants by channel. */
struct folded {
    const struct tensor *weight, *bias; /* bias may be NULL */
    const struct node *norm;            /* NULL where there is none */
    struct constants constants;
    bool is_transposed; /* weight is [inputs][outputs] */
    double alpha, beta; /* of Gemm; 1 */
    int outputs;
    int inputs;     /* weights per output */
    int taps;       /* of a transposed convolution: it has outputs / taps channels; else 1 */
    bool is_by_tap; /* outputs stand [tap][channel] in the panels, [channel][tap] in the weight */
};

/* Packed weights of a matrix product, in panels of up to GEMM_BLOCKS blocks of outputs: [panel][k][columns]. */
struct panel {
    int first, count, columns; /* blocks; floats per k: whole blocks, or half a block less */
    int off_at;                /* where its offsets start: grouped convolutions have a table for each */
    long at;                   /* floats from the product's first weight */
};
struct panels {
    int k, n;
    struct panel *panel;
    int *off; /* filled when buffers are placed */
    int *map; /* k (or off index) -> column of the source's weights */
    long floats;
    const float *w, *bias; /* set when packed */
};

struct product { /* convolution or Gemm as matrix product */
    struct folded source;
    struct layout *in, *out, *res;
    int kernel[2], stride[2], dilation[2], pad[4]; /* pad: top, left, bottom, right */
    int groups;
    bool is_flat; /* 1x1, stride 1, no pads: all pixels in one row */
    enum gemm_variant variant;
    struct activation act;
    struct panels panels;
    struct blocks blocks; /* of in, where it is padded */
    int pad_buffer;       /* -1: read in place */
    int scaled_buffer;    /* -1, or weights multiplied by a gate */
};
struct winograd_step {
    struct folded source;
    struct layout *in, *out, *res;
    struct activation act;
    struct panels panels; /* of one of the 36 products */
    struct blocks blocks;
    int chunk;      /* tiles transformed together */
    long component; /* floats of one of the 36 weight matrices */
};
struct depthwise_step {
    struct folded source;
    struct layout *in, *out;
    struct depthwise shape;
    struct blocks blocks;
    int out_buffer, sums_buffer; /* sums: [threads][block][vl] of what is written, -1 for none */
    bool is_identity;            /* no convolution: an activation or a normalisation alone */
    const float *w, *bias;
};
/* A product whose rows only a depthwise convolution reads: they pass through a ring of rows in the near cache and never
   lie in the arena. */
struct ring_step {
    struct product product;
    struct depthwise_step depthwise; /* the step's own group; depthwise.shape.kept rows are in the ring */
    int product_group;
    int panels; /* of the product, that share the ring */
};
enum gate_use { GATE_IN_PLACE, GATE_COPY, GATE_WEIGHTS };
struct excite {
    struct folded squeeze, expand;
    struct activation act1, act2;
    float gate_factor, gate_addend; /* of what act2 is given: 1 and 0 */
    struct layout *in, *out;
    enum gate_use use;
    int reader; /* GATE_WEIGHTS: the step whose weights are scaled */
    int sums_buffer;
    bool has_parts; /* each thread wrote sums of its own */
    int hidden;
    const float *w1, *b1, *w2, *b2;
};
/* A transposed convolution whose windows do not meet: a product for each tap, its pixels laid `kernel` apart. */
struct transposed {
    struct folded source;
    struct layout *in, *out;
    int kernel[2];
    int output; /* >= 0: the model's output, which takes planes as they come; there is no layout then */
    struct activation act;
    struct panels panels;
};
struct placed {        /* a sequence's tokens among those of `out` */
    struct layout *in; /* NULL: fixed ones */
    const struct tensor *of;
    struct layout *out;
    int first, tokens;
    const float *w; /* of fixed ones, by block */
};
struct norm { /* of tokens, over their channels */
    struct layout *in, *out;
    const struct tensor *gamma, *beta; /* beta may be NULL */
    float epsilon;
    const float *w; /* gamma, then beta, by block */
};
/* One of attention's three factors: every pixel of a layout, heads of some channels each. */
struct factor {
    struct layout *l;
    int heads, channels; /* of a head */
    int head_step, step; /* channels from head to head, and within one */
};
struct attention {
    struct factor q, k, v;
    struct layout *out;
    int chunk; /* rows of scores that stand in the scratch at once */
    float scale;
    int *off_q, *off_k; /* filled when buffers are placed: [head][channel] of q; keys in the scores */
};
struct enlarge { /* each pixel `by` times, down and across */
    struct layout *in, *out;
    struct blocks blocks;
    int by[2], out_buffer;
};
struct pool {
    struct layout *in, *out;
    struct blocks blocks;
    enum pool_kind kind;
    int out_buffer;
    struct span *rows, *columns;
    float *scale; /* average: [out_height][out_width], NULL for max */
};
struct mean {
    struct layout *in, *out;
    struct blocks blocks;
    int sums_buffer; /* >= 0: sums, undivided, instead of `out` */
    int *first;      /* per block: its entries; [blocks.n + 1] */
    int *lane, *channel;
};
struct pointwise { /* add, scale, copies between layouts */
    struct layout *a, *b, *out;
    struct activation act;
    struct blocks blocks;
    int out_buffer;
    int output; /* copies out of the arena: the model output that they fill */
};

struct plan;
struct step;
struct worker;
struct step_type {
    const char *name;
    void (*resolve)(struct plan *p, struct step *s); /* offsets, once buffers are placed */
    long (*weight_floats)(const struct plan *p, const struct step *s);
    void (*pack)(const struct plan *p, struct step *s, const struct weights *w, float *to); /* weights, biases */
    void (*run)(const struct worker *w, const struct step *s);
    /* Several images at once (weights read once); NULL: one by one. */
    void (*run_slots)(const struct worker *w, const struct step *s);
};
struct step {
    const struct step_type *type;
    int group;
    bool is_head; /* runs once for the whole batch */
    long weights_at;
    union {
        struct product product;
        struct winograd_step winograd;
        struct depthwise_step depthwise;
        struct ring_step ring;
        struct excite excite;
        struct transposed transposed;
        struct enlarge enlarge;
        struct attention attention;
        struct norm norm;
        struct placed placed;
        struct pool pool;
        struct mean mean;
        struct pointwise pointwise;
    };
};

struct plan {
    const struct graph *graph;
    const struct kernels *kernels;
    struct grouping grouping;
    struct choices choices;
    struct arena *memory; /* all of the plan */
    int batch, threads;
    long l2_floats;         /* what a thread may keep near: 3/16 of its second-level cache */
    int *uses;              /* per tensor: readers, model outputs included */
    struct layout **layout; /* per tensor, NULL where it is not made */
    struct axes **axes;     /* per tensor, NULL where its dimensions are an image's, or rows of features */
    int n_steps, room_steps;
    struct step *steps;
    int n_buffers, room_buffers;
    struct buffer *buffers;
    int current_group;
    int tail; /* first step of the tail; n_steps where there is none */
    long arena_floats, tail_floats, head_floats, scratch_floats, weight_floats;
    struct layout **outputs; /* of the model; rank 2: head; rank 4: NULL, a step has stored it */
};

gable_status plan_new(const struct graph *g, const struct kernels *k, int threads, const struct choices *choices,
                      struct plan **out, gable_error *e);
void plan_free(struct plan *p);
size_t plan_arena_bytes(const struct plan *p); /* activations and scratch of all threads, and the head */
size_t plan_total_bytes(const struct plan *p); /* the same with weights, inputs, outputs and the plan itself */
int plan_slots(const struct plan *p);          /* images that a thread holds at once */

/* For lowering. A buffer lives from the step that is being made to the last that touches it. */
int plan_buffer(struct plan *p, long floats);
void plan_touch(struct plan *p, const struct layout *l);
void plan_touch_buffer(struct plan *p, int buffer);
struct layout *plan_own(struct plan *p, int channels, int height, int width); /* with a buffer of its own */
/* Planes of another size in a buffer of their own, every channel where it stands in the blocks under `in`. */
struct layout *plan_resized(struct plan *p, const struct layout *in, const struct blocks *b, int height, int width,
                            int *buffer);
struct layout *plan_head(struct plan *p, int features);
/* A step under construction: number p->n_steps; plan_add makes it final. NULL: no memory. */
struct step *plan_step(struct plan *p, const struct step_type *type);
void plan_add(struct plan *p);
static inline long place_at(const struct plan *p, struct place at) { return p->buffers[at.buffer].at + at.offset; }
#endif
