/* Totals of a model as polynomials of its free dimensions. */
#ifndef COUNTS_SYMBOLIC_H
#define COUNTS_SYMBOLIC_H
#include "base/polynomial.h"
#include "counts/subject.h"

enum symbolic_of { SYMBOLIC_MACS, SYMBOLIC_FLOPS, SYMBOLIC_UNFUSED, SYMBOLIC_FUSED, SYMBOLIC_IDEAL, SYMBOLIC_PEAK };
enum { SYMBOLIC_N = SYMBOLIC_PEAK + 1, SYMBOLIC_PIECES = 4 };
const char *symbolic_name(enum symbolic_of of); /* "MACs", "bytes, fused" */

enum symbol_kind { SYMBOL_BATCH, SYMBOL_HEIGHT, SYMBOL_WIDTH, SYMBOL_BINDING };
struct symbol {
    char name[ONNX_FREE_NAME];
    enum symbol_kind kind;
    bool is_batch; /* counts images: any whole number */
    int64_t base;  /* the value from which the search starts */
};
/* A total that holds for values that leave the residue base % step. */
struct symbolic_total {
    bool is_found;
    struct polynomial p;
    int64_t step;
    int degree;
    int n_checked; /* points that were not used to find it and where it is right */
};
/* The bytes alive at one step, which is the peak at some of the points that were looked at. */
struct symbolic_piece {
    const struct node *node; /* of the subject's graph */
    struct polynomial p;
    int n_points;                        /* where it is the peak */
    int64_t first[POLYNOMIAL_VARIABLES]; /* one of them */
};
struct symbolic {
    int n;
    struct symbol symbols[POLYNOMIAL_VARIABLES];
    struct symbolic_total totals[SYMBOLIC_N];
    int n_points, n_pieces;
    struct symbolic_piece pieces[SYMBOLIC_PIECES];
};
/* False with an error where the model cannot be computed at all with its dimensions free: it names the node. */
gable_status symbolic_find(const struct subject *s, struct symbolic *out, gable_error *e);

/* Loads a subject whose file leaves dimensions free, at the values from which the search starts. */
gable_status symbolic_load(struct subject *s, gable_error *e);

/* The least value of one symbol, the others at their bases, at which the model's intensity (fused) reaches the ridge:
   0 for never, -1 for every value. */
struct crossing {
    int64_t at;
    double below, above; /* FLOP/byte at the value before and there; of never: `above` is where it ends up */
};
bool symbolic_crossing(const struct symbolic *y, int symbol, double ridge, struct crossing *out);
#endif
