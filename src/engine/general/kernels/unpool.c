/* MaxUnpool: values go back to the places that MaxPool took them from, the rest is 0. */
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <string.h>

/* The shape that MaxPool read, by its attributes: places are counted in it. */
static gable_status pooled_from(struct call *c, int64_t *dim)
{
    const struct value *x = c->in[0];
    int axes = x->rank - 2;
    const struct attribute *kernel = node_attribute(c->node, "kernel_shape"), *pads = node_attribute(c->node, "pads");
    const struct attribute *strides = node_attribute(c->node, "strides");
    if (axes < 1) return call_refuse(c, "needs 3 dimensions or more, the input has %d", x->rank);
    if (!kernel || kernel->type != ATTRIBUTE_INTS || kernel->n != axes || (pads && pads->n != 2 * axes) ||
        (strides && strides->n != axes))
        return call_refuse(c, "its kernel, pads and strides do not fit %d axes", axes);
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    for (int i = 0; i < axes; i++) {
        int64_t size = kernel->ints[i], stride = node_int_at(c->node, "strides", i, 1);
        int64_t before = node_int_at(c->node, "pads", i, 0), after = node_int_at(c->node, "pads", axes + i, 0);
        if (size < 1 || stride < 1 || before < 0 || after < 0 || size > INT32_MAX || stride > INT32_MAX ||
            before > INT32_MAX || after > INT32_MAX || x->dim[i + 2] > INT32_MAX)
            return call_refuse(c, "a kernel of %" PRId64 ", stride of %" PRId64 ", pads of %" PRId64 " and %" PRId64,
                               size, stride, before, after);
        dim[i + 2] = (x->dim[i + 2] - 1) * stride + size - before - after;
        if (dim[i + 2] < 1) return call_refuse(c, "axis %d would have %" PRId64 " places", i + 2, dim[i + 2]);
    }
    return GABLE_OK;
}

/* Where the place `at` of the shape `from` lies in y; -1 outside. */
static int64_t place_in(const struct value *y, const int64_t *from, int64_t at)
{
    int64_t place = 0, step = 1;
    for (int i = y->rank - 1; i >= 0; i--) {
        int64_t k = at % from[i];
        if (k >= y->dim[i]) return -1;
        place += k * step;
        step *= y->dim[i];
        at /= from[i];
    }
    return at > 0 ? -1 : place;
}

static gable_status scatter(struct call *c, const int64_t *from)
{
    const struct value *x = c->in[0], *at = c->in[1];
    size_t bytes = value_element_bytes(x->dtype);
    char *y = c->out[0]->data;
    memset(y, 0, (size_t)c->out[0]->n * bytes);
    for (int64_t i = 0; i < x->n; i++) {
        int64_t index = ((const int64_t *)at->data)[i], place = index < 0 ? -1 : place_in(c->out[0], from, index);
        if (place < 0) return call_refuse(c, "place %" PRId64 " is outside the output", index);
        memcpy(y + (size_t)place * bytes, (const char *)x->data + (size_t)i * bytes, bytes);
    }
    return GABLE_OK;
}

static gable_status run_unpool(struct call *c)
{
    int64_t from[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int listed = -1;
    gable_status s = operand_tensors(c, 2);
    const struct value *x = c->in[0];
    if (!s && (c->in[1]->dtype != DTYPE_S64 || !value_same_shape(x, c->in[1])))
        s = call_refuse(c, "needs a place of type s64 for each element");
    if (!s) s = pooled_from(c, from);
    if (!s) s = operand_ints(c, NULL, 2, SHAPE_RANK_MAX, dim, &listed);
    if (!s && listed >= 0 && listed != x->rank)
        s = call_refuse(c, "an output_shape of %d dimensions for %d", listed, x->rank);
    if (!s) s = call_make(c, 0, x->dtype, x->rank, listed >= 0 ? dim : from);
    return s ? s : scatter(c, from);
}

const struct kernel kernels_unpool[] = {{.op = "MaxUnpool", .domain = "", .run = run_unpool}, {0}};
