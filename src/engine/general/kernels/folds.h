/* Folds: many elements into one accumulator, or rows into a row of them. Reals are summed in doubles, whole numbers in
   64 bits. */
#ifndef ENGINE_GENERAL_KERNELS_FOLDS_H
#define ENGINE_GENERAL_KERNELS_FOLDS_H
#include "engine/general/kernel.h"

enum fold_kind { FOLD_SUM, FOLD_SQUARES, FOLD_SIZES, FOLD_PRODUCT, FOLD_MAX, FOLD_MIN, FOLD_EXPS, FOLD_N };
enum finish { FINISH_PLAIN, FINISH_MEAN, FINISH_ROOT, FINISH_LOG, FINISH_LOG_SHIFTED };
union accumulator { /* reals and whole numbers, with a sign and without */
    double real;
    int64_t whole;
    uint64_t natural;
};
/* n elements in a row into one accumulator. `shift`, of exps alone, is subtracted before. */
typedef void fold_row(const void *x, int64_t n, union accumulator *a, const union accumulator *shift);
/* `rows` rows of n elements, `step` elements apart, each column into its own. */
typedef void fold_columns(const void *x, int64_t rows, int64_t step, int64_t n, union accumulator *a,
                          const union accumulator *shift);
struct fold {
    fold_row *row;
    fold_columns *columns;
    void (*join)(const union accumulator *from, int64_t n, union accumulator *a); /* n accumulators into n others */
    union accumulator start;
};
/* n results of `elements` each, as values of the fold's dtype. */
typedef void fold_finish(enum finish how, const union accumulator *a, const union accumulator *shift, int64_t n,
                         int64_t elements, void *y);
const struct fold *fold_find(enum fold_kind kind, enum dtype d); /* NULL where the dtype is no number */
fold_finish *fold_finish_find(enum dtype d);
#endif
