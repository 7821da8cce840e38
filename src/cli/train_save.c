/* gable train --save: what was trained as an ONNX file in inference form. A file comes back with other values in its
   initializers; a model of the zoo is written anew, for any batch where none is part of it, else for one image. */
#include "cli/train.h"
#include "model/model.h"
#include "onnx/replace.h"
#include "onnx/write.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_MOST = 4096 };

/* A value that training changes: a weight that has a gradient, or a running statistic. */
static float *changed(struct trainer *t, int tensor)
{
    bool is_frozen = t->graph->tensors[tensor]->role == ROLE_WEIGHT && !trainer_values(t, VALUE_GRADIENT, tensor);
    return is_frozen ? NULL : trainer_values(t, VALUE_WEIGHT, tensor);
}

static bool same_attribute(const struct attribute *a, const struct attribute *b)
{
    if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->i != b->i || a->n != b->n) return false;
    return a->type != ATTRIBUTE_INTS || !memcmp(a->ints, b->ints, (size_t)a->n * sizeof *a->ints);
}
static bool same_attributes(const struct node *a, const struct node *b)
{
    bool is_same = a->n_attributes == b->n_attributes;
    for (int i = 0; is_same && i < a->n_attributes; i++) is_same = same_attribute(&a->attributes[i], &b->attributes[i]);
    return is_same;
}
/* The same shape, and where it is part of the program the same value. */
static bool same_initializer(const struct tensor *a, const struct tensor *b)
{
    if (!tensor_is_initializer(a)) return true;
    if (a->role != b->role || !shape_equal(&a->shape, &b->shape) || !a->ints != !b->ints) return false;
    return !a->ints || !memcmp(a->ints, b->ints, (size_t)tensor_elements(a) * sizeof *a->ints);
}
/* Two graphs of one model at two batches: no number of the program is theirs. */
static bool has_no_batch(const struct graph *a, const struct graph *b)
{
    bool is_same = a->n_nodes == b->n_nodes && a->n_tensors == b->n_tensors;
    for (int i = 0; is_same && i < a->n_nodes; i++) is_same = same_attributes(a->nodes[i], b->nodes[i]);
    for (int i = 0; is_same && i < a->n_tensors; i++) is_same = same_initializer(a->tensors[i], b->tensors[i]);
    return is_same;
}

static gable_status save_zoo(const struct train_run *r, struct trainer *t, const struct weights *w, const char *path,
                             gable_error *e)
{
    struct zoo_options other = {.batch = t->batch == 1 ? 2 : 1, .height = r->options.height, .width = r->options.width};
    struct graph *g = NULL;
    float **values = calloc((size_t)t->graph->n_tensors + 1, sizeof *values);
    gable_status s = values ? zoo_build(r->options.model, &other, &g, e)
                            : error_set(e, GABLE_NO_MEMORY, "no memory for %d tensors", t->graph->n_tensors);
    for (int i = 0; !s && i < t->graph->n_tensors; i++) values[i] = changed(t, i) ? changed(t, i) : w->value[i];
    struct onnx_write_options o = {.values = values, .frees_batch = !s && has_no_batch(t->graph, g)};
    if (!s) s = onnx_write(o.frees_batch || t->batch == 1 ? t->graph : g, &o, path, e);
    graph_free(g);
    free(values);
    return s;
}

static gable_status save_file(const struct train_run *r, struct trainer *t, const char *path, gable_error *e)
{
    float **values = calloc((size_t)t->graph->n_tensors + 1, sizeof *values);
    if (!values) return error_set(e, GABLE_NO_MEMORY, "no memory for %d tensors", t->graph->n_tensors);
    for (int i = 0; i < t->graph->n_tensors; i++) values[i] = changed(t, i);
    gable_status s = onnx_replace(r->options.model, path, t->graph, values, e);
    free(values);
    return s;
}

gable_status train_save(const struct train_run *r, struct trainer *t, const struct weights *w, const char *path,
                        gable_error *e)
{
    return onnx_is_path(r->options.model) ? save_file(r, t, path, e) : save_zoo(r, t, w, path, e);
}

gable_status train_save_check(const struct train_run *r, struct trainer *t, const struct weights *w, gable_error *e)
{
    char path[PATH_MOST];
    if ((size_t)snprintf(path, sizeof path, "%s.trial", r->save) >= sizeof path)
        return error_set(e, GABLE_USAGE, "the path of --save is longer than %d bytes", PATH_MOST - 7);
    gable_status s = train_save(r, t, w, path, e);
    unlink(path);
    return s ? error_within(e, "--save %.80s", r->save) : GABLE_OK;
}
