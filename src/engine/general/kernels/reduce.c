/* Reductions over any axes. Axes are joined to alternating kept and reduced ones; the innermost decides whether rows
   are folded to a number each, or a row of accumulators takes row after row. */
#include "engine/general/kernels/folds.h"
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/walk.h"

#include <math.h>

enum { BLOCK = 512, PIECES = 32 }; /* accumulators side by side; parts of one long reduction */

struct reduction {
    const struct fold *fold, *shift; /* shift: the maximum that exps are taken from; or NULL */
    fold_finish *finish;
    enum finish how;
    struct walk kept, reduced; /* the kept axes, without the innermost where that one is kept; the reduced axes */
    int64_t columns, elements; /* of the innermost kept axis, or 1; that make one result */
    int64_t blocks, pieces;    /* of the columns; of the elements */
    const char *x;
    char *y;
    size_t bytes;
    bool is_row;              /* the innermost axis is reduced */
    union accumulator *parts; /* units x pieces x columns, where there is more than one piece */
};

struct folding {
    const struct reduction *r;
    const struct fold *fold;
    const char *x;
    int64_t columns;
    union accumulator *a;
    const union accumulator *shift;
};
static void fold_run(const void *arg, const int64_t *offset, int64_t out, int64_t n)
{
    const struct folding *f = arg;
    const int64_t bytes = (int64_t)f->r->bytes, step = walk_step(&f->r->reduced, 0);
    const char *x = f->x + offset[0] * bytes;
    (void)out;
    if (f->r->is_row)
        f->fold->row(x, n, f->a, f->shift);
    else
        f->fold->columns(x, n, step, f->columns, f->a, f->shift);
}

static void fold_part(const struct reduction *r, const struct fold *fold, const char *x, int64_t columns, int64_t piece,
                      union accumulator *a, const union accumulator *shift)
{
    const struct folding f = {r, fold, x, columns, a, shift};
    for (int64_t i = 0; i < columns; i++) a[i] = fold->start;
    walk_serial(&r->reduced, fold_run, &f, piece * r->elements / r->pieces, (piece + 1) * r->elements / r->pieces);
}

/* Where a unit, some columns of one place of the kept axes, reads and writes. */
struct unit {
    int64_t columns, from, to; /* from, to: in elements */
};
static struct unit unit_at(const struct reduction *r, int64_t at)
{
    int64_t block = at % r->blocks, place = at / r->blocks, first = block * BLOCK;
    struct unit u = {r->columns - first < BLOCK ? r->columns - first : BLOCK, first, place * r->columns + first};
    for (int i = r->kept.rank - 1; i >= 0; i--) {
        u.from += place % r->kept.dim[i] * r->kept.stride[0][i];
        place /= r->kept.dim[i];
    }
    return u;
}

static void reduce_units(void *arg, int64_t first, int64_t end)
{
    const struct reduction *r = arg;
    union accumulator own[BLOCK], shift[BLOCK];
    for (int64_t at = first; at < end; at++) {
        struct unit u = unit_at(r, at / r->pieces);
        union accumulator *a = r->parts ? r->parts + at * BLOCK : own;
        const char *x = r->x + u.from * (int64_t)r->bytes;
        if (r->shift) fold_part(r, r->shift, x, u.columns, at % r->pieces, shift, NULL);
        for (int64_t i = 0; i < u.columns && r->shift; i++) shift[i].real = isfinite(shift[i].real) ? shift[i].real : 0;
        fold_part(r, r->fold, x, u.columns, at % r->pieces, a, r->shift ? shift : NULL);
        if (!r->parts)
            r->finish(r->how, a, r->shift ? shift : NULL, u.columns, r->elements, r->y + u.to * (int64_t)r->bytes);
    }
}

static void join_parts(const struct reduction *r, int64_t units)
{
    for (int64_t at = 0; at < units; at++) {
        struct unit u = unit_at(r, at);
        union accumulator *a = r->parts + at * r->pieces * BLOCK;
        for (int64_t piece = 1; piece < r->pieces; piece++) r->fold->join(a + piece * BLOCK, u.columns, a);
        r->finish(r->how, a, NULL, u.columns, r->elements, r->y + u.to * (int64_t)r->bytes);
    }
}

/* Kept and reduced axes of x as two walks; the innermost, where it is kept, as columns. */
static void split_axes(struct reduction *r, const struct value *x, const bool *is_axis)
{
    int64_t stride = 1;
    bool is_innermost = true;
    struct walk *kept = &r->kept, *reduced = &r->reduced;
    kept->operands = reduced->operands = 1;
    r->columns = 1;
    r->is_row = false;
    for (int i = x->rank - 1; i >= 0; i--) {
        if (x->dim[i] == 1) continue;
        if (is_innermost) r->is_row = is_axis[i];
        is_innermost = false;
        if (!is_axis[i] && !r->is_row && reduced->rank == 0) {
            r->columns *= x->dim[i];
        } else { /* the last first; turned round below */
            struct walk *w = is_axis[i] ? reduced : kept;
            w->dim[w->rank] = x->dim[i];
            w->stride[0][w->rank++] = stride;
        }
        stride = count_mul(stride, x->dim[i]);
    }
    for (struct walk *w = kept;; w = reduced) {
        for (int i = 0, j = w->rank - 1; i < j; i++, j--) {
            int64_t dim = w->dim[i], step = w->stride[0][i];
            w->dim[i] = w->dim[j], w->stride[0][i] = w->stride[0][j];
            w->dim[j] = dim, w->stride[0][j] = step;
        }
        walk_merge(w);
        if (w == reduced) break;
    }
    r->elements = walk_elements(reduced);
}

static gable_status reduce(struct call *c, struct reduction *r, const struct value *x, const bool *is_axis)
{
    split_axes(r, x, is_axis);
    r->x = x->data;
    r->y = c->out[0]->data;
    r->bytes = value_element_bytes(x->dtype);
    r->blocks = (r->columns + BLOCK - 1) / BLOCK;
    r->pieces = 1;
    int64_t units = walk_elements(&r->kept) * r->blocks;
    if (units < 8 && x->n / units > PIECES * GRAIN / 4 && r->elements >= PIECES && !r->shift) {
        r->pieces = PIECES;
        r->parts = call_scratch(c, (size_t)(units * PIECES * BLOCK) * sizeof *r->parts);
        if (!r->parts) return operand_no_memory(c);
    }
    int64_t per_unit = r->elements * (r->columns < BLOCK ? r->columns : BLOCK) / r->pieces;
    call_parallel(c, units * r->pieces, GRAIN / (per_unit + 16) + 1, reduce_units, r);
    if (r->parts) join_parts(r, units);
    return GABLE_OK;
}

/* Outputs of no elements are made and left; an empty reduction gives what it starts as. */
static gable_status run(struct call *c, enum fold_kind kind, enum finish how)
{
    const struct value *x = c->in[0];
    struct reduction r = {.fold = fold_find(kind, x->dtype), .finish = fold_finish_find(x->dtype), .how = how};
    bool is_axis[SHAPE_RANK_MAX], is_kept = node_int(c->node, "keepdims", 1) != 0;
    int n = -1, rank = 0;
    int64_t dim[SHAPE_RANK_MAX];
    if (!r.fold || !r.finish) return loops_refuse_dtype(c, x->dtype);
    if (kind == FOLD_EXPS) r.shift = fold_find(FOLD_MAX, x->dtype);
    gable_status s = operand_axes(c, "axes", 1, x->rank, is_axis, &n);
    if (s) return s;
    if (n <= 0 && node_int(c->node, "noop_with_empty_axes", 0)) {
        call_pass(c, 0, x);
        return GABLE_OK;
    }
    for (int i = 0; i < x->rank; i++) {
        if (n <= 0) is_axis[i] = true;
        if (!is_axis[i] || is_kept) dim[rank++] = is_axis[i] ? 1 : x->dim[i];
    }
    s = call_make(c, 0, x->dtype, rank, dim);
    return s || c->out[0]->n == 0 ? s : reduce(c, &r, x, is_axis);
}

/* clang-format off */
#define REDUCTIONS(X) /* operator, what is folded, what becomes of it */ \
    X(ReduceSum, SUM, PLAIN) \
    X(ReduceMean, SUM, MEAN) \
    X(ReduceSumSquare, SQUARES, PLAIN) \
    X(ReduceL1, SIZES, PLAIN) \
    X(ReduceL2, SQUARES, ROOT) \
    X(ReduceLogSum, SUM, LOG) \
    X(ReduceLogSumExp, EXPS, LOG_SHIFTED) \
    X(ReduceProd, PRODUCT, PLAIN) \
    X(ReduceMax, MAX, PLAIN) \
    X(ReduceMin, MIN, PLAIN)
/* clang-format on */
#define RUN(op, kind, how) \
    static gable_status run_##op(struct call *c) { return run(c, FOLD_##kind, FINISH_##how); }
REDUCTIONS(RUN)
#define ROW(name, kind, how) {.op = #name, .domain = "", .run = run_##name, .in_f32 = true},
const struct kernel kernels_reduce[] = {REDUCTIONS(ROW){0}};
