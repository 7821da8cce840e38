/* Gather, GatherElements, GatherND: reading at places that data say. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/move.h"

#include <inttypes.h>
#include <string.h>

struct pick { /* blocks of `bytes`, `places` of them a row; row by row, n indices */
    char *to;
    const char *from;
    const int64_t *index;
    int64_t n, places, bytes;
};
static void pick_work(void *arg, int64_t first, int64_t end)
{
    const struct pick *p = arg;
    for (int64_t at = first; at < end; at++) {
        const char *row = p->from + at / p->n * p->places * p->bytes;
        memcpy(p->to + at * p->bytes, row + p->index[at % p->n] * p->bytes, (size_t)p->bytes);
    }
}

static gable_status run_gather(struct call *c)
{
    const struct value *x = c->in[0], *i = c->in[1];
    int axis, rank = x->rank - 1 + i->rank, k = 0;
    int64_t dim[SHAPE_RANK_MAX];
    struct pick p = {.from = x->data, .n = i->n};
    gable_status s = operand_axis(c, 0, x->rank, &axis);
    if (!s && rank > SHAPE_RANK_MAX) s = call_refuse(c, "the output would have %d dimensions", rank);
    if (!s) s = operand_indices(c, 1, x->dim[axis], &p.index);
    if (s) return s;
    for (int a = 0; a < axis; a++) dim[k++] = x->dim[a];
    for (int a = 0; a < i->rank; a++) dim[k++] = i->dim[a];
    for (int a = axis + 1; a < x->rank; a++) dim[k++] = x->dim[a];
    s = call_make(c, 0, x->dtype, rank, dim);
    if (s || c->out[0]->n == 0) return s;
    p.to = c->out[0]->data;
    p.places = x->dim[axis];
    p.bytes = value_count(x, axis + 1, x->rank) * (int64_t)value_element_bytes(x->dtype);
    call_parallel(c, value_count(x, 0, axis) * p.n, 4 * GRAIN / (p.bytes + 16) + 1, pick_work, &p);
    return operand_own(c, c->out[0]);
}

struct element_pick {
    char *to;
    const char *from;
    const int64_t *index;
    int64_t axis_stride, step;
    size_t bytes;
};
/* The walk stands still on the axis; the index moves there. */
static void element_run(const void *arg, const int64_t *offset, int64_t out, int64_t n)
{
    const struct element_pick *p = arg;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = offset[0] + i * p->step + p->index[out + i] * p->axis_stride;
        memcpy(p->to + (size_t)(out + i) * p->bytes, p->from + (size_t)at * p->bytes, p->bytes);
    }
}

static gable_status run_gather_elements(struct call *c)
{
    const struct value *x = c->in[0], *i = c->in[1];
    int axis;
    int64_t stride = 1;
    struct element_pick p = {.from = x->data, .bytes = value_element_bytes(x->dtype)};
    struct walk w = {.operands = 1, .rank = x->rank};
    gable_status s = operand_axis(c, 0, x->rank, &axis);
    if (!s && i->rank != x->rank) s = call_refuse(c, "indices of %d dimensions into a value of %d", i->rank, x->rank);
    for (int a = 0; a < x->rank && !s; a++)
        if (a != axis && i->dim[a] > x->dim[a])
            s = call_refuse(c, "%" PRId64 " indices along dimension %d of %" PRId64, i->dim[a], a, x->dim[a]);
    if (!s) s = operand_indices(c, 1, x->dim[axis], &p.index);
    if (!s) s = call_make(c, 0, x->dtype, i->rank, i->dim);
    if (s || i->n == 0) return s;
    for (int a = x->rank - 1; a >= 0; a--) {
        w.dim[a] = i->dim[a];
        w.stride[0][a] = a == axis ? 0 : stride;
        if (a == axis) p.axis_stride = stride;
        stride *= x->dim[a];
    }
    walk_merge(&w);
    p.step = walk_step(&w, 0);
    p.to = c->out[0]->data;
    walk_parallel(c, &w, element_run, &p);
    return operand_own(c, c->out[0]);
}

/* Tuples of indices, the last dimension of input 1, as offsets of blocks in the input, row by row of its batch. */
static gable_status tuples(struct call *c, int batch, int width, int64_t *block)
{
    const struct value *x = c->in[0], *i = c->in[1];
    int64_t n = i->n / (width > 0 ? width : 1), per_batch = n / value_count(i, 0, batch);
    int64_t places = value_count(x, batch, batch + width);
    for (int64_t t = 0; t < n; t++) {
        int64_t at = 0;
        for (int k = 0; k < width; k++) {
            int64_t size = x->dim[batch + k], index = value_int(i, t * width + k);
            if (index < -size || index >= size)
                return call_refuse(c, "index %" PRId64 " is outside %" PRId64 " places", index, size);
            at = at * size + (index < 0 ? index + size : index);
        }
        block[t] = t / per_batch * places + at;
    }
    return GABLE_OK;
}

static gable_status check_nd(struct call *c, int64_t batch, int64_t *width)
{
    const struct value *x = c->in[0], *i = c->in[1];
    if (i->dtype != DTYPE_S64 && i->dtype != DTYPE_S32)
        return call_refuse(c, "its indices are of type %s", dtype_name(i->dtype));
    if (x->rank < 1 || i->rank < 1 || batch < 0 || batch >= x->rank || batch >= i->rank)
        return call_refuse(c, "batch_dims is %" PRId64 " for values of %d and %d dimensions", batch, x->rank, i->rank);
    *width = i->dim[i->rank - 1];
    if (*width < 1 || *width > x->rank - batch)
        return call_refuse(c, "tuples of %" PRId64 " indices into %" PRId64 " dimensions", *width, x->rank - batch);
    for (int k = 0; k < batch; k++)
        if (x->dim[k] != i->dim[k])
            return call_refuse(c, "dimension %d of its inputs is %" PRId64 " and %" PRId64, k, x->dim[k], i->dim[k]);
    if (x->rank + i->rank - 1 - *width - batch > SHAPE_RANK_MAX) return call_refuse(c, "has too many dimensions");
    return GABLE_OK;
}

static gable_status run_gather_nd(struct call *c)
{
    const struct value *x = c->in[0], *i = c->in[1];
    int64_t batch = node_int(c->node, "batch_dims", 0), width = 0, dim[SHAPE_RANK_MAX];
    int rank = 0;
    gable_status s = check_nd(c, batch, &width);
    if (s) return s;
    for (int k = 0; k < i->rank - 1; k++) dim[rank++] = i->dim[k];
    for (int k = (int)(batch + width); k < x->rank; k++) dim[rank++] = x->dim[k];
    s = call_make(c, 0, x->dtype, rank, dim);
    if (s || i->n == 0) return s;
    int64_t n = i->n / width, *block = call_scratch(c, (size_t)n * sizeof *block);
    if (!block) return operand_no_memory(c);
    s = tuples(c, (int)batch, (int)width, block);
    if (s || c->out[0]->n == 0) return s;
    struct pick p = {c->out[0]->data, x->data, block, n, 0, 0};
    p.bytes = value_count(x, (int)(batch + width), x->rank) * (int64_t)value_element_bytes(x->dtype);
    call_parallel(c, n, 4 * GRAIN / (p.bytes + 16) + 1, pick_work, &p);
    return operand_own(c, c->out[0]);
}

const struct kernel kernels_gather[] = {
    {.op = "Gather", .domain = "", .run = run_gather},
    {.op = "GatherElements", .domain = "", .run = run_gather_elements},
    {.op = "GatherND", .domain = "", .run = run_gather_nd},
    {0},
};
