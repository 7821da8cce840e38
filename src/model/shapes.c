#include "model/shapes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 65536 };

/* "1x3x224x224" */
static bool read_dims(const char *text, struct onnx_shape *s)
{
    const char *at = text;
    for (s->rank = 0; s->rank < SHAPE_RANK_MAX; at++) {
        char *end;
        if (*at < '0' || *at > '9') return false; /* no sign, no space */
        errno = 0;
        s->dim[s->rank++] = strtoll(at, &end, 10);
        if (errno || s->dim[s->rank - 1] > INT64_C(1) << 48) return false;
        if (!*end) return true;
        if (*end != 'x') return false;
        at = end;
    }
    return false;
}

gable_status model_shape_add(struct model_shapes *s, const char *text, gable_error *e)
{
    const char *sign = strrchr(text, '=');
    if (s->n == ONNX_SHAPES_MAX) return error_set(e, GABLE_USAGE, "at most %d --shape", ONNX_SHAPES_MAX);
    struct onnx_shape *one = &s->at[s->n];
    *one = (struct onnx_shape){.name = text, .length = sign ? (int)(sign - text) : 0};
    if (!one->length || !read_dims(sign + 1, one))
        return error_set(e, GABLE_USAGE, "--shape takes NAME=1x3x224x224, not '%.60s'", text);
    for (int i = 0; i < s->n; i++)
        if (s->at[i].length == one->length && !strncmp(s->at[i].name, text, (size_t)one->length))
            return error_set(e, GABLE_USAGE, "--shape gives '%.*s' twice", one->length < 60 ? one->length : 60, text);
    s->n++;
    return GABLE_OK;
}

gable_status model_shapes_batches(const struct model_shapes *s, int *batches, int *n, gable_error *e)
{
    int64_t first = s->n ? s->at[0].dim[0] : 1;
    if (s->n && *n) return error_set(e, GABLE_USAGE, "--batch or --shape: a shape says the first dimension too");
    if (first < 1 || first > BATCH_MAX)
        return error_set(e, GABLE_USAGE, "the first dimension of a --shape is 1 to %d, not %lld", BATCH_MAX,
                         (long long)first);
    if (!*n) batches[(*n)++] = (int)first;
    return GABLE_OK;
}

static gable_status not_its_input(const struct graph *g, const struct onnx_shape *s, gable_error *e)
{
    char wanted[160];
    const struct tensor *t = g->inputs[0];
    onnx_shape_text(t->name, t->shape.rank, t->shape.dim, wanted, sizeof wanted);
    return error_set(e, GABLE_USAGE, "%.60s takes --shape %s, or another batch, height and width, not '%.60s'", g->name,
                     wanted, s->name);
}

/* Is this the model's own input, with its own channels? */
static bool is_its_input(const struct graph *g, const struct onnx_shape *s)
{
    const struct tensor *t = g->inputs[0];
    if (strncmp(t->name, s->name, (size_t)s->length) != 0 || t->name[s->length]) return false;
    if (s->rank != 4 || t->shape.rank != 4 || s->dim[1] != t->shape.dim[1]) return false;
    for (int i = 0; i < 4; i++)
        if (s->dim[i] < 1 || s->dim[i] > BATCH_MAX) return false;
    return true;
}

gable_status model_settle(const char *word, struct model_options *o, gable_error *e)
{
    struct graph *g = NULL;
    if (!o->n_shapes || onnx_is_path(word)) return GABLE_OK;
    if (o->zoo.height) return error_set(e, GABLE_USAGE, "--size or --shape: which one?");
    gable_status s = zoo_build(word, &o->zoo, &g, e);
    for (int i = 0; i < o->n_shapes && !s; i++)
        if (!is_its_input(g, &o->shapes[i])) s = not_its_input(g, &o->shapes[i], e);
    graph_free(g);
    if (s) return s;
    if (!o->zoo.batch) o->zoo.batch = (int)o->shapes[0].dim[0];
    o->zoo.height = (int)o->shapes[0].dim[2];
    o->zoo.width = (int)o->shapes[0].dim[3];
    o->n_shapes = 0;
    return GABLE_OK;
}
