/* How an operator runs: one row per operator, one function that reads values and makes values. The engine calls it when
   its inputs are there; shapes are those of the values, never the graph's, so that what depends on data just works. */
#ifndef ENGINE_GENERAL_KERNEL_H
#define ENGINE_GENERAL_KERNEL_H
#include "engine/general/value.h"

struct runtime; /* threads, memory, random stream of a run */
struct call {   /* one node being run */
    const struct node *node;
    int opset; /* of the model, ai.onnx */
    int n_in, n_out;
    const struct value *const *in; /* never NULL; kind VALUE_ABSENT where an input is left out */
    struct value *const *out;      /* absent at first; the kernel makes every output that is_wanted */
    struct runtime *runtime;
    void **state; /* the node's own memory between runs (primitives, packed weights); *state is NULL at first */
    gable_error *e;
};
typedef gable_status kernel_run(struct call *c);
struct element; /* kernels/loops.h: one element of f32 from one or two */
typedef bool kernel_element(const struct call *c, struct element *out);
struct kernel {
    const char *op, *domain; /* domain "" is ai.onnx */
    kernel_run *run;
    void (*free_state)(void *state); /* NULL where there is none */
    bool takes_sequences;            /* checks itself what is a sequence; others are given tensors alone */
    bool in_f32;                     /* has no code for f16 and bf16: they come as f32 and go back */
    kernel_element *element;         /* how it runs within a chain, false where it cannot; NULL where it never can */
};
/* Each file of kernels (kernels/NAME.c) ends in one table kernels_NAME[], ended by a row without op; tables.h lists the
   tables. */
const struct kernel *kernel_find(const char *domain, const char *op); /* NULL where there is none */

/* What a kernel may ask for. */
static inline bool call_has(const struct call *c, int i) { return i < c->n_in && c->in[i]->kind != VALUE_ABSENT; }
static inline bool call_has_one(const struct call *c, int i) /* a tensor of one element, no sequence of one */
{
    return i < c->n_in && c->in[i]->kind == VALUE_TENSOR && c->in[i]->n == 1;
}
bool call_is_wanted(const struct call *c, int i); /* output i has a reader or is the model's */
/* Is input i the same in every run (an initializer): then what is made of it may stay in *state. */
bool call_is_constant(const struct call *c, int i);
gable_status call_make(struct call *c, int i, enum dtype d, int rank, const int64_t *dim); /* output i, fresh */
gable_status call_like(struct call *c, int i, const struct value *like);                   /* its dtype and shape */
void call_pass(struct call *c, int i, const struct value *v); /* output i is v, storage shared */
/* Output i is v's storage under another shape of as many elements. */
void call_view(struct call *c, int i, const struct value *v, int rank, const int64_t *dim);
/* A value that the engine releases when the call ends: neither released nor passed on by the kernel. */
gable_status call_temporary(struct call *c, enum dtype d, int rank, const int64_t *dim, struct value *out);
void *call_scratch(struct call *c, size_t bytes); /* until the call ends; NULL when memory is out */
/* Ends the temporaries and the scratch made since a mark: what a loop asks for again in each turn. */
int call_mark(const struct call *c);
void call_end_since(struct call *c, int mark);
/* "what is wrong", GABLE_BAD_INPUT for the model's or the data's fault; the engine adds which node. */
gable_status call_refuse(struct call *c, const char *why, ...) PRINTF_LIKE(2, 3);
/* work(arg, first, end) over [0, n) on all threads, pieces of at least `grain`; serial where n is small. */
typedef void call_work(void *arg, int64_t first, int64_t end);
void call_parallel(struct call *c, int64_t n, int64_t grain, call_work *work, void *arg);
void call_convert(struct call *c, const struct value *from, struct value *to); /* value_convert on all threads */
int call_threads(const struct call *c);
uint64_t call_random(struct call *c); /* 64 bits of the run's seeded stream */
/* Runs a body (If, Loop, Scan): inputs in the order of body->inputs, outputs released by the caller. */
gable_status call_body(struct call *c, struct graph *body, int n_in, const struct value *in, int n_out,
                       struct value *out);
/* An axis attribute, negative from the end; false outside [-rank, rank). */
bool call_axis(int64_t axis, int rank, int *out);
#endif
