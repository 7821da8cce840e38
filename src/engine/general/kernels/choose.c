/* Compress keeps the places that a condition names, NonZero lists those that hold something, Unique those that hold
   something new. */
#include "engine/general/kernels/keys.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/move.h"

#include <inttypes.h>
#include <string.h>

/* Places `place[0..n)` of an axis, into output i. */
static gable_status take_places(struct call *c, int i, const struct value *x, int axis, int64_t n, const int64_t *place)
{
    int64_t dim[SHAPE_RANK_MAX];
    for (int a = 0; a < x->rank; a++) dim[a] = a == axis ? n : x->dim[a];
    gable_status s = call_make(c, i, x->dtype, x->rank, dim);
    if (s || c->out[i]->n == 0) return s;
    struct lines l = lines_of(x, axis);
    size_t block = (size_t)l.inner * value_element_bytes(x->dtype);
    char *to = c->out[i]->data;
    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t k = 0; k < n; k++, to += block)
            memcpy(to, (const char *)x->data + (size_t)(o * l.places + place[k]) * block, block);
    return operand_own(c, c->out[i]);
}

/* x as it is, or as one row where no axis is given. */
static gable_status along(struct call *c, struct value *seen, int *axis)
{
    *seen = *c->in[0];
    *axis = 0;
    if (node_attribute(c->node, "axis")) return operand_axis(c, 0, seen->rank, axis);
    seen->rank = 1;
    seen->dim[0] = seen->n;
    return GABLE_OK;
}

static gable_status run_compress(struct call *c)
{
    const struct value *condition = c->in[1];
    const uint8_t *is_kept = condition->data;
    struct value seen;
    int axis;
    int64_t n = 0;
    if (condition->dtype != DTYPE_BOOL)
        return call_refuse(c, "its condition is of type %s", dtype_name(condition->dtype));
    gable_status s = along(c, &seen, &axis);
    int64_t *place = s ? NULL : call_scratch(c, (size_t)condition->n * sizeof *place);
    if (s || !place) return s ? s : operand_no_memory(c);
    for (int64_t i = 0; i < condition->n && i < seen.dim[axis]; i++)
        if (is_kept[i]) place[n++] = i;
    return take_places(c, 0, &seen, axis, n, place);
}

static void mark_set(const struct value *x, uint8_t *is_set)
{
    const float *f = x->data;
    for (int64_t i = 0; i < x->n; i++)
        is_set[i] = x->dtype == DTYPE_F32    ? f[i] != 0
                    : x->dtype == DTYPE_BOOL ? ((const uint8_t *)x->data)[i] != 0
                                             : value_real(x, i) != 0;
}

/* A scalar has no axes: 0 rows. */
static gable_status run_non_zero(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t n = 0, found = 0, index[SHAPE_RANK_MAX] = {0};
    uint8_t *is_set = call_scratch(c, (size_t)x->n);
    if (!is_set) return operand_no_memory(c);
    if (x->dtype == DTYPE_STRING) return call_refuse(c, "strings have no zero");
    mark_set(x, is_set);
    for (int64_t i = 0; i < x->n; i++) n += is_set[i];
    gable_status s = call_make(c, 0, DTYPE_S64, 2, (const int64_t[]){x->rank, n});
    if (s) return s;
    int64_t *y = c->out[0]->data;
    for (int64_t i = 0; i < x->n; i++) {
        for (int a = 0; a < x->rank && is_set[i]; a++) y[a * n + found] = index[a];
        found += is_set[i];
        for (int a = x->rank - 1; a >= 0 && ++index[a] == x->dim[a]; a--) index[a] = 0;
    }
    return s;
}

/* Places of an axis as rows of keys, and what is known of them. */
struct places {
    int64_t n, width;          /* keys of a row */
    const uint64_t *key;       /* n rows */
    int64_t *order, *other;    /* places by their keys, then by themselves; room to sort */
    int64_t groups;            /* of equal rows */
    int64_t *first, *group_of; /* per group its first place; per place its group */
};
static int compare(const struct places *p, int64_t a, int64_t b)
{
    const uint64_t *x = p->key + a * p->width, *y = p->key + b * p->width;
    for (int64_t i = 0; i < p->width; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}

/* Runs of 1, 2, 4 ... places are merged; equal ones keep their order. */
static void sort_places(struct places *p)
{
    for (int64_t i = 0; i < p->n; i++) p->order[i] = i;
    for (int64_t run = 1; run < p->n; run *= 2) {
        for (int64_t start = 0; start < p->n; start += 2 * run) {
            int64_t middle = start + run < p->n ? start + run : p->n, end = middle + run < p->n ? middle + run : p->n;
            for (int64_t i = start, a = start, b = middle; i < end; i++) {
                bool is_first = b >= end || (a < middle && compare(p, p->order[a], p->order[b]) <= 0);
                p->other[i] = is_first ? p->order[a++] : p->order[b++];
            }
        }
        int64_t *sorted = p->other;
        p->other = p->order;
        p->order = sorted;
    }
}

static void group_places(struct places *p, bool is_sorted)
{
    for (int64_t i = 0; i < p->n; i++) {
        bool is_new = i == 0 || compare(p, p->order[i - 1], p->order[i]) != 0;
        if (is_new) p->first[p->groups++] = p->order[i];
        p->group_of[p->order[i]] = p->groups - 1;
    }
    if (is_sorted) return;
    int64_t *renamed = p->other, n = 0; /* groups in the order of their first places */
    for (int64_t i = 0; i < p->n; i++)
        if (p->first[p->group_of[i]] == i) renamed[p->group_of[i]] = n++;
    for (int64_t i = 0; i < p->n; i++) p->group_of[i] = renamed[p->group_of[i]];
    for (int64_t i = p->n; i-- > 0;) p->first[p->group_of[i]] = i;
}

static gable_status read_places(struct call *c, const struct value *seen, int axis, struct places *p)
{
    struct lines l = lines_of(seen, axis);
    p->n = seen->n ? l.places : 0;
    p->width = l.outer * l.inner;
    uint64_t *key = call_scratch(c, (size_t)seen->n * sizeof *key);
    int64_t *numbers = call_scratch(c, (size_t)p->n * 4 * sizeof *numbers);
    if (!key || !numbers) return operand_no_memory(c);
    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t i = 0; i < p->n; i++)
            keys_read(seen, (o * l.places + i) * l.inner, l.inner, 1, key + i * p->width + o * l.inner);
    p->key = key;
    p->order = numbers, p->other = numbers + p->n, p->first = numbers + 2 * p->n, p->group_of = numbers + 3 * p->n;
    return GABLE_OK;
}

/* Where each group is first, which group each place is of, how many it has. */
static gable_status tell(struct call *c, const struct places *p)
{
    const int64_t sizes[] = {0, p->groups, p->n, p->groups};
    for (int i = 1; i < 4 && i < c->n_out; i++) {
        gable_status s = call_make(c, i, DTYPE_S64, 1, &sizes[i]);
        if (s) return s;
        int64_t *y = c->out[i]->data;
        if (i == 3)
            for (int64_t k = 0; k < p->groups; k++) y[k] = 0;
        for (int64_t k = 0; k < (i == 3 ? p->n : sizes[i]); k++)
            if (i == 3)
                y[p->group_of[k]]++;
            else
                y[k] = i == 1 ? p->first[k] : p->group_of[k];
    }
    return GABLE_OK;
}

static gable_status run_unique(struct call *c)
{
    struct value seen;
    struct places p = {0};
    int axis;
    gable_status s = along(c, &seen, &axis);
    if (!s && seen.dtype == DTYPE_STRING) s = call_refuse(c, "strings are not compared here");
    if (!s) s = read_places(c, &seen, axis, &p);
    if (s) return s;
    sort_places(&p);
    group_places(&p, node_int(c->node, "sorted", 1) != 0);
    s = take_places(c, 0, &seen, axis, p.groups, p.first);
    return s ? s : tell(c, &p);
}

const struct kernel kernels_choose[] = {
    {.op = "Compress", .domain = "", .run = run_compress},
    {.op = "NonZero", .domain = "", .run = run_non_zero},
    {.op = "Unique", .domain = "", .run = run_unique},
    {0},
};
