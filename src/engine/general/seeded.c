#include "engine/general/seeded.h"

#include "engine/general/derived.h"

#include <stdlib.h>
#include <string.h>

static gable_status load(const struct general_values *self, struct pool *p, const struct graph *g,
                         const struct tensor *t, struct value *out, gable_error *e)
{
    const struct seeded_values *s = CONTAINER_OF(self, struct seeded_values, base);
    if (g->parent || !s->weights || !s->weights->value[t->index])
        return error_set(e, GABLE_BAD_INPUT, "has no values, drawn or read");
    gable_status status = value_new(p, DTYPE_F32, t->shape.rank, t->shape.dim, out, e);
    if (!status && out->n) memcpy(out->data, s->weights->value[t->index], (size_t)out->n * sizeof(float));
    return status;
}

struct seeded_values seeded_values(const struct weights *w)
{
    return (struct seeded_values){{.draws = true, .load = load}, w};
}

/* The floats of one initializer, malloced. */
static gable_status floats_of(const struct general_values *given, struct pool *p, const struct graph *g,
                              const struct tensor *t, float **out, gable_error *e)
{
    struct value v = {0};
    gable_status s = initializer_load(given, p, g, t, &v, e);
    if (s) return error_within(e, "initializer %.80s", t->name);
    *out = malloc((size_t)v.n * sizeof(float) + 1);
    if (*out && v.n) memcpy(*out, v.data, (size_t)v.n * sizeof(float));
    value_release(&v);
    return *out ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for weight %.80s", t->name);
}

gable_status weights_given(const struct graph *g, const struct general_values *given, bool wants_floats,
                           struct weights **out, gable_error *e)
{
    struct weights *w = calloc(1, sizeof *w);
    struct pool *p = pool_new(SIZE_MAX / 4);
    if (w) *w = (struct weights){.n = g->n_tensors, .given = given};
    if (w) w->value = calloc((size_t)g->n_tensors + 1, sizeof *w->value);
    gable_status s = w && w->value && p ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for weights");
    for (int i = 0; i < g->n_tensors && !s; i++) {
        const struct tensor *t = g->tensors[i];
        if (!tensor_is_initializer(t) || t->ints) continue;
        w->bytes += (size_t)tensor_bytes(t);
        bool has_values = t->length || t->reals || t->derived;
        if (wants_floats && t->dtype == DTYPE_F32 && has_values) s = floats_of(given, p, g, t, &w->value[i], e);
    }
    pool_free(p);
    if (s)
        weights_free(w);
    else
        *out = w;
    return s;
}
