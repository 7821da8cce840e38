/* Why backward is not twice forward. What is counted or timed of a step, by kind and pass, is split without rest into
   causes: each says how many forward passes it adds to the 2 or takes from it. */
#ifndef BENCH_DEVIATION_H
#define BENCH_DEVIATION_H
#include "bench/training.h"

struct step_amounts { /* FLOPs, bytes or ns */
    double of[KIND_N][PASS_N];
    double unneeded; /* forward, of the layers whose input needs no gradient */
    enum op_kind unneeded_kind;
    char unneeded_name[RECORD_NAME]; /* the first of them, "" for none */
    double again;                    /* of forward, repeated for backward; in no kind */
};
struct step_amounts amounts_of_flops(const struct training *t);
struct step_amounts amounts_of_bytes(const struct training *t);
/* The stages of a measured step, each under the kind that does most of its FLOPs; runs[TRAINED_AGAIN] may be NULL. */
enum amount { AMOUNT_NS, AMOUNT_FLOPS, AMOUNT_BYTES };
struct step_amounts amounts_of_runs(const struct run *const runs[TRAINED_RUNS], enum amount what);
double amounts_of_pass(const struct step_amounts *a, enum train_pass p);
/* Backward, what is made again with it, over forward: 2 where nothing deviates. NaN without forward. */
double amounts_ratio(const struct step_amounts *a);

enum cause {
    CAUSE_FIRST,    /* no data gradient is needed */
    CAUSE_DATA,     /* a product's data gradient beside its forward */
    CAUSE_WEIGHT,   /* a product's weight gradient beside its forward */
    CAUSE_GRADIENT, /* all gradients of another kind beside twice its forward */
    CAUSE_AGAIN     /* forward work repeated */
};
struct deviation {
    enum cause cause;
    enum op_kind kind;
    double adds;  /* forward passes */
    double times; /* this gradient over the kind's own forward; FIRST and AGAIN: their forward over all */
};
enum { DEVIATIONS = 2 * KIND_N + 2 };
/* By size, the largest first; their sum is amounts_ratio - 2. */
int deviation_find(const struct step_amounts *a, struct deviation out[DEVIATIONS]);
/* What a cause is, for the middle of a sentence: of times where `ns` is given, of FLOPs else. `phrase` names kinds. */
void deviation_say(const struct deviation *d, const struct step_amounts *flops, const struct step_amounts *bytes,
                   const struct step_amounts *ns, const char *(*phrase)(enum op_kind), char *out, size_t room);
#endif
