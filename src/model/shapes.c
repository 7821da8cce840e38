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

/* Shapes first, then dimensions: the first shape's first dimension is the batch. */
static gable_status add(struct model_shapes *s, const struct onnx_shape *one, const char *option, gable_error *e)
{
    int at = s->n;
    if (s->n == ONNX_SHAPES_MAX) return error_set(e, GABLE_USAGE, "at most %d --shape and --bind", ONNX_SHAPES_MAX);
    for (int i = 0; i < s->n; i++)
        if (s->at[i].is_dimension == one->is_dimension && s->at[i].length == one->length &&
            !strncmp(s->at[i].name, one->name, (size_t)one->length))
            return error_set(e, GABLE_USAGE, "%s gives '%.*s' twice", option, one->length < 60 ? one->length : 60,
                             one->name);
    while (!one->is_dimension && at > 0 && s->at[at - 1].is_dimension) at--;
    memmove(&s->at[at + 1], &s->at[at], (size_t)(s->n++ - at) * sizeof *s->at);
    s->at[at] = *one;
    return GABLE_OK;
}

gable_status model_shape_add(struct model_shapes *s, const char *text, gable_error *e)
{
    const char *sign = strrchr(text, '=');
    struct onnx_shape one = {.name = text, .length = sign ? (int)(sign - text) : 0};
    if (!one.length || !read_dims(sign + 1, &one))
        return error_set(e, GABLE_USAGE, "--shape takes NAME=1x3x224x224, not '%.60s'", text);
    return add(s, &one, "--shape", e);
}

gable_status model_bind_add(struct model_shapes *s, const char *text, gable_error *e)
{
    const char *sign = strrchr(text, '=');
    struct onnx_shape one = {.name = text, .length = sign ? (int)(sign - text) : 0, .is_dimension = true};
    if (!one.length || !read_dims(sign + 1, &one) || one.rank != 1)
        return error_set(e, GABLE_USAGE, "--bind takes NAME=VALUE such as seq=128, not '%.60s'", text);
    return add(s, &one, "--bind", e);
}

gable_status model_shapes_batches(const struct model_shapes *s, int *batches, int *n, gable_error *e)
{
    bool has_shape = s->n && !s->at[0].is_dimension;
    int64_t first = has_shape ? s->at[0].dim[0] : 1;
    if (has_shape && *n) return error_set(e, GABLE_USAGE, "--batch or --shape: a shape says the first dimension too");
    if (first < 1 || first > BATCH_MAX)
        return error_set(e, GABLE_USAGE, "the first dimension of a --shape is 1 to %d, not %lld", BATCH_MAX,
                         (long long)first);
    if (!*n) batches[(*n)++] = (int)first;
    return GABLE_OK;
}

gable_status model_batch_check(const struct graph *g, const struct model_options *o, gable_error *e)
{
    const struct shape *x = g->n_inputs ? &g->inputs[0]->shape : NULL;
    int64_t batch = x && x->rank ? x->dim[0] : o->zoo.batch;
    for (int i = 0; i < o->n_shapes && batch != o->zoo.batch; i++)
        if (o->shapes[i].is_dimension && o->shapes[i].dim[0] == batch)
            return error_set(e, GABLE_USAGE, "the batch is %d: say --batch %lld, not --bind %.60s", o->zoo.batch,
                             (long long)batch, o->shapes[i].name);
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
    if (o->shapes[o->n_shapes - 1].is_dimension)
        return error_set(e, GABLE_USAGE, "--bind is for ONNX files: --batch, --size and --shape set %.60s's dimensions",
                         word);
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
