/* A training step before any memory is there: values (tensors in blocks of channels), parts (what runs as one: a
   convolution, a normalisation with its activation), stages (a part's forward, data or weight pass), buffers of one
   arena with the stages in which they live. Private to engine/train/. */
#ifndef ENGINE_TRAIN_PLAN_H
#define ENGINE_TRAIN_PLAN_H
#include "engine/onednn/convolution.h"
#include "engine/train/kernels/train_kernels.h"
#include "engine/train/train.h"

/* [image][block][y][x][vl]; channels beyond the last are zero. A tensor of rank 2 has one pixel. */
struct value {
    const struct tensor *tensor; /* for its name */
    int channels, blocks, height, width;
    struct value *host; /* NULL, or the value in whose storage it lies, from block host_block on */
    int host_block;
    struct part *maker; /* NULL: an input of the model, row-major as the caller writes it */
    int input;          /* of the model; -1 else */
    bool has_gradient;
    int forward, again, gradient; /* buffers; -1: none */
};
struct buffer {
    size_t image_floats;
    int first, last; /* stages */
    bool is_saved;   /* alive where backward begins */
    size_t at;       /* floats per image from the arena's start */
};

/* What becomes of the gradient of a part's input. */
enum flow {
    FLOW_NONE,
    FLOW_WRITE, /* it is the first to arrive */
    FLOW_ADD,   /* it joins what is there */
    FLOW_SAME   /* it is the output's gradient itself, in its buffer */
};
struct trainer_session;
struct part;
struct train_plan;
typedef void part_work(struct trainer_session *s, struct part *p);
enum { READS_OUTPUT = 1 << 30 }; /* READS_INPUT(i): 1 << i */

struct part_type {
    bool is_cheap;              /* forward may be done again */
    bool is_in_place;           /* the gradient of input 0 may be written over the output's */
    part_work *forward, *again; /* again: NULL where it is forward */
    part_work *data, *weight;   /* NULL: nothing to do */
    int (*reads)(const struct part *p, enum train_pass pass); /* bits: what PASS_DATA and PASS_WEIGHT read */
    size_t (*scratch)(const struct train_plan *plan, const struct part *p); /* bytes; NULL: none */
};
/* Where a channel comes from; value NULL: zero. */
struct source {
    struct value *value;
    int channel;
};
struct part {
    const struct part_type *type;
    int index, n_nodes, room_nodes, *nodes;
    char kernel[64];
    int n_in;
    struct value **in, *out;
    enum flow *flow;  /* per input */
    int temporary;    /* buffer for a gradient that is added; -1 */
    int weight, bias; /* tensors; of a normalisation scale and shift; -1: none */
    struct activation act;
    /* of some types */
    int mean, variance;      /* normalisation: the running statistics' tensors */
    float epsilon, keep;     /* normalisation: of the old running statistics */
    float drop;              /* dropout's, stochastic depth's share; 0: none */
    int rest;                /* normalisation: input that is added before act; -1 */
    struct part *moments_of; /* product: the normalisation whose moments it gathers; NULL: none */
    bool has_moments;        /* normalisation: a product gathers them */
    size_t statistics;       /* normalisation: floats from the start of the session's: mean, 1/deviation, variance */
    struct convolution_shape shape;
    struct convolution *convolution[3];   /* per pass */
    int at_once;                          /* images of one forward run */
    bool may_be_winograd, is_winograd[3]; /* the other candidate, where options.tune; per pass: whether it is taken */
    int outputs;                          /* linear */
    bool is_transposed;                   /* linear: the weight is [outputs][inputs] */
    enum pool_kind pool;
    struct pool_window *windows; /* per pixel of the output */
    int positions;               /* max: the buffer that says where maxima were found */
    float *window_share;         /* average: per pixel */
    struct source *sources;      /* gather: per channel of the output */
};
struct stage {
    struct part *part; /* NULL: the loss, the update */
    enum train_pass pass;
    bool is_recomputed;
};
struct train_plan {
    struct arena *memory;
    const struct graph *graph;
    struct trainer_options options;
    const struct train_kernels *kernels;
    const struct kernels *forward_kernels;
    struct onednn *onednn;
    int batch, threads, vl;
    int n_values, n_parts, n_stages, n_buffers, room_values, room_parts, room_stages, room_buffers;
    struct value **values;
    struct part **parts;
    struct stage *stages;
    struct buffer *buffers;
    struct value *output;
    size_t *parameter; /* per tensor: floats from the start of the parameters; SIZE_MAX: none */
    size_t n_trained, n_parameters, n_statistics; /* floats */
    size_t arena_floats, saved_floats;            /* per image */
    size_t scratch_bytes, scratch_fixed;          /* the part that does not grow with the batch */
    size_t partial_bytes;                         /* of a normalisation's sums, a plane each */
    int loss_stage;
};

/* Lowers, schedules, places. */
gable_status train_plan_new(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                            struct train_plan **out, gable_error *e);
void train_plan_free(struct train_plan *p); /* NULL is fine */
void train_plan_measure(const struct train_plan *p, size_t limit, struct trainer_memory *out);

/* Grows an array by one; the new element's address, NULL when memory is out. */
void *train_plan_grow(struct train_plan *p, void **array, int *n, int *room, size_t size);
long value_pixels(const struct value *v);
size_t value_image_floats(const struct train_plan *p, const struct value *v); /* without its host's */
gable_status train_lower(struct train_plan *p, gable_error *e);
gable_status train_schedule(struct train_plan *p, gable_error *e);
void train_fuse(struct train_plan *p);
gable_status train_place(struct train_plan *p, gable_error *e);
/* oneDNN's primitives of every convolution. */
gable_status train_convolutions_new(struct train_plan *p, gable_error *e);
#endif
