#include "engine/general/seeded.h"

static gable_status load(const struct general_values *self, struct pool *p, const struct graph *g,
                         const struct tensor *t, struct value *out, gable_error *e)
{
    const struct seeded_values *s = CONTAINER_OF(self, struct seeded_values, base);
    (void)p;
    if (g->parent || !s->weights || !s->weights->value[t->index])
        return error_set(e, GABLE_BAD_INPUT, "has no values, drawn or read");
    *out = (struct value){.kind = VALUE_TENSOR, .dtype = DTYPE_F32, .rank = t->shape.rank, .n = tensor_elements(t)};
    for (int i = 0; i < out->rank; i++) out->dim[i] = t->shape.dim[i];
    out->data = s->weights->value[t->index];
    return GABLE_OK;
}

struct seeded_values seeded_values(const struct weights *w) { return (struct seeded_values){{load}, w}; }
