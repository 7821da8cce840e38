/* Training on the CPU: whole steps of forward (batch statistics, dropout, stochastic depth), loss, backward and update.
   A trainer plans the graph at its batch once: stages in order, every activation and gradient in one arena. With the
   same seed, threads and `tune` off, two trainers give the same bits. */
#ifndef ENGINE_TRAIN_TRAIN_H
#define ENGINE_TRAIN_TRAIN_H
#include "base/cpus.h"
#include "engine/engine.h"
#include "ops/training.h"

enum train_loss {
    LOSS_CROSS_ENTROPY, /* mean over images of -log softmax(output)[label] */
    LOSS_MSE            /* mean over images and outputs of (output - target)^2 */
};
enum recompute {
    RECOMPUTE_NONE,      /* everything that backward reads is kept */
    RECOMPUTE_CHEAP,     /* outputs of normalisations, activations, gates are made again from what they read */
    RECOMPUTE_CHECKPOINT /* only every few blocks' outputs are kept, the rest is run again */
};
enum { RECOMPUTE_KINDS = RECOMPUTE_CHECKPOINT + 1 };
extern const char *const recompute_names[RECOMPUTE_KINDS];
struct trainer_options { /* zero means the default */
    enum optimizer optimizer;
    double rate;         /* 0.01; ADAM and ADAMW 0.001 */
    double momentum;     /* MOMENTUM: 0.9 */
    double beta1, beta2; /* ADAM, ADAMW: 0.9, 0.999 */
    double epsilon;      /* ADAM, ADAMW: 1e-8 */
    double weight_decay; /* w's share added to its gradient; ADAMW: taken off w itself */
    enum train_loss loss;
    enum recompute recompute;
    int threads; /* all of cpus->cores */
    enum isa isa;
    uint64_t seed;      /* of dropout and stochastic depth */
    bool tune;          /* time each convolution's candidates when opening; else rules alone decide */
    size_t bytes_most;  /* refuse above it; 0: what the machine has free */
    const char *frozen; /* weights whose names match this pattern (fnmatch) are not trained; NULL: none */
};
/* What a trainer takes, in bytes. */
struct trainer_memory {
    size_t weights;   /* parameters and buffers, row-major and as the kernels want them */
    size_t gradients; /* of parameters */
    size_t optimizer; /* its state */
    size_t saved;     /* activations that backward reads, alive where backward begins */
    size_t working;   /* the rest of the arena of activations and their gradients */
    size_t workspace; /* scratch of the kernels */
    size_t edges;     /* inputs, labels, targets, outputs */
    size_t library; /* oneDNN's generated code and objects, the plan, what the last huge page is too large: estimated */
    size_t total;
    int batch_most; /* the largest batch that the limit allows; 0 where not even one image fits */
};
/* One entry of the plan, in the order in which a step runs them. */
struct trainer_stage {
    const char *name;   /* of its first node's module; "loss", "update" */
    const char *kernel; /* "dnnl jit:avx512_common", "norm + swish avx512" */
    enum train_pass pass;
    bool is_recomputed; /* forward work, done again for backward */
    enum op_kind kind;  /* of the node that does most of its FLOPs; the loss and the update: KIND_OTHER */
    int n_nodes;
    const int *nodes; /* indices into graph->nodes */
    /* FLOPs that the stage's algorithm executes, less those counted for its nodes in this pass (ops/training.h): below
       0 under Winograd, 0 where the algorithm is the formula. Executed are, then, the counted ones and this. */
    count flops_beyond;
};
enum { TRAINER_WHY = 448 };
struct trainer_engine;
struct trainer {
    const struct trainer_engine *engine;
    char why[TRAINER_WHY];          /* why the engines before it refuse the model; "" where it is the first choice */
    const struct graph *graph;      /* borrowed */
    struct trainer_options options; /* with the defaults filled in */
    int batch, threads;
    const int *tids, *cpus; /* of its threads, pinned; the caller is the first */
    enum isa isa;
    uint64_t steps_done; /* may be set, to resume: the random streams depend on it */
    double setup_ns;
    double began_ns; /* when the first stage of the last timed step did: CLOCK_MONOTONIC; the others follow at once */
    struct trainer_memory memory;
    int n_stages;
    const struct trainer_stage *stages;
};

void trainer_defaults(struct trainer_options *o);      /* fills in what is zero */
size_t trainer_limit(const struct trainer_options *o); /* the bytes that a step may take */
/* By the first engine that trains the model. Computed before anything is allocated. The error names an operator that
   cannot be trained, with its node. */
gable_status trainer_plan(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                          struct trainer_memory *out, gable_error *e);
/* Refuses as trainer_open would, and takes nothing. */
gable_status trainer_check(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                           gable_error *e);
/* Copies the weights. GABLE_NO_MEMORY names the largest batch that would fit and what would have to be
   made again. Caller closes. */
gable_status trainer_open(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                          const struct trainer_options *o, struct trainer **out, gable_error *e);
void trainer_close(struct trainer *t); /* NULL is fine */

/* The buffers of the whole batch, owned by the trainer; inputs are zero until written. */
float *trainer_input(struct trainer *t, int i); /* model input i, row-major */
int32_t *trainer_labels(struct trainer *t);     /* LOSS_CROSS_ENTROPY: [batch] */
float *trainer_targets(struct trainer *t);      /* LOSS_MSE: as the output */
const float *trainer_output(struct trainer *t); /* of the last step, row-major; made when asked */

/* One step. GABLE_BAD_INPUT: a label out of range, nothing was run. GABLE_FAILED: the loss is not finite; the sentence
   says at which step and where the first non-finite value arose; no weight was changed. */
gable_status trainer_step(struct trainer *t, double *loss, gable_error *e);
/* The same with a clock between stages: stage_ns[n_stages]. */
gable_status trainer_step_timed(struct trainer *t, double *loss, double *stage_ns, gable_error *e);
/* Forward and backward alone: trainer_values(GRADIENT) holds the gradients; weights, state, running statistics and
   steps_done stay, so that the same call gives the same answer. */
gable_status trainer_gradients(struct trainer *t, double *loss, gable_error *e);
void trainer_set_rate(struct trainer *t, double rate);

enum trainer_value {
    VALUE_WEIGHT,   /* of trained tensors and of buffers */
    VALUE_GRADIENT, /* of trained tensors, from the last step */
    VALUE_FIRST,    /* the optimizer's first state: velocity, first moment */
    VALUE_SECOND    /* second moment */
};
/* Row-major as in the graph, tensor_elements of them; may be written between steps. NULL where the tensor has none. */
float *trainer_values(struct trainer *t, enum trainer_value v, int tensor);

/* Who trains: a table of functions, as those above. */
struct trainer_engine {
    const char *name;
    gable_status (*plan)(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                         struct trainer_memory *out, gable_error *e);
    gable_status (*check)(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                          gable_error *e);
    gable_status (*open)(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                         const struct trainer_options *o, struct trainer **out, gable_error *e);
    void (*close)(struct trainer *t);
    float *(*input)(struct trainer *t, int i);
    int32_t *(*labels)(struct trainer *t);
    float *(*targets)(struct trainer *t);
    const float *(*output)(struct trainer *t);
    gable_status (*step)(struct trainer *t, bool is_updated, double *loss, double *stage_ns, gable_error *e);
    float *(*values)(struct trainer *t, enum trainer_value v, int tensor);
};
/* Blocked layouts and oneDNN for the operators of the zoo; any differentiable graph, node by node. */
extern const struct trainer_engine trainer_blocked, trainer_general;
#endif
