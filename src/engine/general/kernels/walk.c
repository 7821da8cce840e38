#include "engine/general/kernels/walk.h"

#include "engine/general/kernels/hot.h"

#include <inttypes.h>

gable_status walk_shape(struct call *c, int n, const struct value *const *in, int *rank, int64_t *dim)
{
    *rank = 0;
    for (int k = 0; k < n; k++)
        if (in[k]->rank > *rank) *rank = in[k]->rank;
    for (int i = 0; i < *rank; i++) dim[i] = 1;
    for (int k = 0; k < n; k++) {
        int missing = *rank - in[k]->rank;
        for (int i = missing; i < *rank; i++) {
            int64_t d = in[k]->dim[i - missing];
            if (d == 1 || d == dim[i]) continue;
            if (dim[i] != 1)
                return call_refuse(c, "dimensions of %" PRId64 " and %" PRId64 " do not go together", dim[i], d);
            dim[i] = d;
        }
    }
    return GABLE_OK;
}

static void drop_ones(struct walk *w)
{
    int kept = 0;
    for (int i = 0; i < w->rank; i++) {
        if (w->dim[i] == 1) continue;
        w->dim[kept] = w->dim[i];
        for (int k = 0; k < w->operands; k++) w->stride[k][kept] = w->stride[k][i];
        kept++;
    }
    w->rank = kept;
    if (kept) return;
    w->rank = 1;
    w->dim[0] = 1;
    for (int k = 0; k < w->operands; k++) w->stride[k][0] = 1;
}

/* Is a step of dimension i as long as going once through dimension i + 1, for every operand? */
static bool goes_on(const struct walk *w, int i, int next)
{
    for (int k = 0; k < w->operands; k++)
        if (w->stride[k][i] != w->stride[k][next] * w->dim[next]) return false;
    return true;
}

void walk_merge(struct walk *w)
{
    if (walk_elements(w) == 0) { /* nothing to walk; products of the other dimensions may not fit */
        *w = (struct walk){.operands = w->operands, .rank = 1};
        return;
    }
    drop_ones(w);
    int last = 0;
    for (int i = 1; i < w->rank; i++) {
        bool is_joined = goes_on(w, last, i);
        if (!is_joined) last++;
        w->dim[last] = is_joined ? w->dim[last] * w->dim[i] : w->dim[i];
        for (int k = 0; k < w->operands; k++) w->stride[k][last] = w->stride[k][i];
    }
    w->rank = last + 1;
}

void walk_broadcast(struct walk *w, int n, const struct value *const *in, int rank, const int64_t *dim)
{
    *w = (struct walk){.operands = n, .rank = rank};
    for (int i = 0; i < rank; i++) w->dim[i] = dim[i];
    for (int k = 0; k < n; k++) {
        int64_t stride = 1;
        for (int i = rank - 1, j = in[k]->rank - 1; i >= 0; i--, j--) {
            int64_t d = j >= 0 ? in[k]->dim[j] : 1;
            w->stride[k][i] = d == 1 ? 0 : stride;
            stride *= d;
        }
    }
    walk_merge(w);
}

int64_t walk_elements(const struct walk *w)
{
    int64_t n = 1;
    for (int i = 0; i < w->rank; i++)
        if (w->dim[i] == 0) return 0;
    for (int i = 0; i < w->rank; i++) n = count_mul(n, w->dim[i]);
    return n;
}

/* Where the walk stands: the outer dimensions' indices, and each operand's offset of the innermost row. */
struct place {
    int64_t index[SHAPE_RANK_MAX], offset[WALK_OPERANDS_MAX];
};

static void seek(const struct walk *w, int64_t row, struct place *p)
{
    for (int k = 0; k < w->operands; k++) p->offset[k] = w->start[k];
    for (int i = w->rank - 2; i >= 0; i--) {
        p->index[i] = row % w->dim[i];
        row /= w->dim[i];
        for (int k = 0; k < w->operands; k++) p->offset[k] += p->index[i] * w->stride[k][i];
    }
}

static void next(const struct walk *w, struct place *p)
{
    for (int i = w->rank - 2; i >= 0; i--) {
        bool is_carried = ++p->index[i] == w->dim[i];
        for (int k = 0; k < w->operands; k++)
            p->offset[k] += is_carried ? w->stride[k][i] * (1 - w->dim[i]) : w->stride[k][i];
        if (!is_carried) return;
        p->index[i] = 0;
    }
}

void walk_serial(const struct walk *w, walk_run *run, const void *arg, int64_t first, int64_t end)
{
    if (first >= end) return;
    int64_t inner = w->dim[w->rank - 1], skipped = first % inner;
    struct place p;
    seek(w, first / inner, &p);
    for (int64_t at = first; at < end; at += inner - skipped, skipped = 0, next(w, &p)) {
        int64_t n = inner - skipped < end - at ? inner - skipped : end - at, offset[WALK_OPERANDS_MAX];
        for (int k = 0; k < w->operands; k++) offset[k] = p.offset[k] + skipped * walk_step(w, k);
        run(arg, offset, at, n);
    }
}

struct job {
    const struct walk *walk;
    walk_run *run;
    const void *arg;
};
static void work(void *arg, int64_t first, int64_t end)
{
    const struct job *j = arg;
    walk_serial(j->walk, j->run, j->arg, first, end);
}

void walk_parallel(struct call *c, const struct walk *w, walk_run *run, const void *arg)
{
    struct job j = {w, run, arg};
    call_parallel(c, walk_elements(w), GRAIN, work, &j);
}
