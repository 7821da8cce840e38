#include "tensors/sparse.h"

#include "graph/sparse.h"

#include <string.h>

static gable_status check(const struct value *values, const struct value *indices, const struct shape *dense,
                          gable_error *e)
{
    const struct shape shape = {indices->rank, indices->dim};
    if (values->dtype == DTYPE_STRING) return error_set(e, GABLE_BAD_INPUT, "is a sparse tensor of text");
    if (!values->n || (indices->dtype == DTYPE_S64 && sparse_fits(dense, &shape, values->n))) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "has indices of another shape or type than its values need");
}

gable_status sparse_spread(struct pool *p, const struct value *values, const struct value *indices,
                           const struct shape *shape, struct value *out, gable_error *e)
{
    size_t size = value_element_bytes(values->dtype);
    gable_status s = check(values, indices, shape, e);
    if (!s) s = value_new(p, values->dtype, shape->rank, shape->dim, out, e);
    if (s) return s;
    if (out->n) memset(out->data, 0, (size_t)out->n * size);
    for (int64_t i = 0; i < values->n && !s; i++) {
        int64_t place = sparse_place(shape, indices->rank, indices->data, i);
        if (place < 0)
            s = error_set(e, GABLE_BAD_INPUT, "has a value outside its shape");
        else
            memcpy((char *)out->data + (size_t)place * size, (const char *)values->data + (size_t)i * size, size);
    }
    if (s) value_release(out);
    return s;
}
