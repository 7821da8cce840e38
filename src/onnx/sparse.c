/* Sparse tensors: counted and run as the dense ones that they stand for; what is not listed is zero. */
#include "graph/sparse.h"
#include "onnx/reader.h"
#include "onnx/values.h"

static gable_status refuse(struct reader *r, const struct tensor *t, const char *why)
{
    return error_set(r->e, GABLE_BAD_INPUT, "the sparse initializer %.80s %s", t->name, why);
}

static gable_status check(struct reader *r, const Onnx__SparseTensorProto *p, const struct tensor *t)
{
    const Onnx__TensorProto *values = p->values, *indices = p->indices;
    if (values->n_dims != 1 || values->dims[0] < 0) return refuse(r, t, "has values that are no list");
    if (values->dims[0] > tensor_elements(t)) return refuse(r, t, "has more values than its shape has elements");
    if (values->dims[0] == 0) return GABLE_OK;
    if (!indices || indices->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT64)
        return refuse(r, t, "has no indices of 64 bits");
    const struct shape shape = {(int)(indices->n_dims < 3 ? indices->n_dims : 3), indices->dims};
    return sparse_fits(&t->shape, &shape, values->dims[0])
               ? GABLE_OK
               : refuse(r, t, "has indices of another shape than its values");
}

/* A tensor of the file that is of no graph: only its values are wanted. */
static gable_status read_part(struct reader *r, const Onnx__TensorProto *p, const char *name, struct tensor *out)
{
    *out = (struct tensor){.name = name, .dtype = value_dtype(p->data_type), .shape = {(int)p->n_dims, p->dims}};
    return value_read(r->g, p, r->file->bytes, r->file->len, out, r->e);
}

/* What shape arithmetic may need: small ones. */
static gable_status fill(struct reader *r, const Onnx__SparseTensorProto *p, struct tensor *t)
{
    struct tensor values = {0}, indices = {0};
    int64_t n = p->values->dims[0], elements = tensor_elements(t);
    gable_status s = read_part(r, p->values, t->name, &values);
    if (!s && n) s = read_part(r, p->indices, t->name, &indices);
    if (s || elements > VALUE_ELEMENTS_MAX || (n && ((!values.ints && !values.reals) || !indices.ints))) return s;
    int64_t *ints = arena_array(r->g->arena, (size_t)elements + 1, sizeof *ints);
    double *reals = arena_array(r->g->arena, (size_t)elements + 1, sizeof *reals);
    if (!ints || !reals) return reader_no_memory(r);
    for (int64_t i = 0; i < n; i++) {
        int64_t place = sparse_place(&t->shape, indices.shape.rank, indices.ints, i);
        if (place < 0) return refuse(r, t, "has a value outside its shape");
        if (values.ints)
            ints[place] = values.ints[i];
        else
            reals[place] = values.reals[i];
    }
    if (value_is_int(t->dtype))
        t->ints = ints;
    else if (value_is_real(t->dtype))
        t->reals = reals;
    return GABLE_OK;
}

gable_status reader_sparse(struct reader *r, const Onnx__SparseTensorProto *p, const char *name, struct tensor **out)
{
    if (!p->values) return error_set(r->e, GABLE_BAD_INPUT, "the sparse initializer %.80s has no values", name);
    gable_status s = reader_initializer(r, name, p->values->data_type, p->n_dims, p->dims, out);
    if (s) return s;
    (*out)->is_sparse = true;
    reader_place(p->values, &(*out)->at, &(*out)->length);
    if (p->indices) reader_place(p->indices, &(*out)->indices_at, &(*out)->indices_length);
    s = check(r, p, *out);
    return s ? s : fill(r, p, *out);
}
