/* Operators that pass a value on, or say something about its shape. */
#include "engine/general/tables.h"

static gable_status identity(struct call *c)
{
    call_pass(c, 0, c->in[0]);
    return GABLE_OK;
}

static gable_status shape(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t start = node_int(c->node, "start", 0), end = node_int(c->node, "end", x->rank), rank = x->rank;
    start = start < 0 ? start + rank : start;
    end = end < 0 ? end + rank : end;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    const int64_t n = end - start;
    gable_status s = call_make(c, 0, DTYPE_S64, 1, &n);
    for (int64_t i = 0; i < n && !s; i++) ((int64_t *)c->out[0]->data)[i] = x->dim[start + i];
    return s;
}

static gable_status size(struct call *c)
{
    gable_status s = call_make(c, 0, DTYPE_S64, 0, NULL);
    if (!s) *(int64_t *)c->out[0]->data = c->in[0]->n;
    return s;
}

const struct kernel kernels_identity[] = {
    {.op = "Identity", .domain = "", .run = identity, .takes_sequences = true},
    {.op = "Shape", .domain = "", .run = shape},
    {.op = "Size", .domain = "", .run = size},
    {0},
};
