#include "model/shapes.h"

#include "base/input.h"
#include "ops/ops.h"

#include <stdio.h>
#include <string.h>

static gable_status open_file(const char *path, const struct model_options *o, struct graph **out, gable_error *e)
{
    const struct onnx_options options = {.batch = o->zoo.batch,
                                         .n_bindings = o->n_bindings,
                                         .bindings = o->bindings,
                                         .n_shapes = o->n_shapes,
                                         .shapes = o->shapes};
    struct graph *g = NULL;
    gable_status s = onnx_read(path, &options, &g, e);
    if (s) return s;
    s = ops_infer(g, e);
    if (s) {
        error_within(e, "%s", input_name(path));
        graph_free(g);
        return s;
    }
    *out = g;
    return GABLE_OK;
}

gable_status model_open(const char *word, const struct model_options *options, struct graph **out, gable_error *e)
{
    if (onnx_is_path(word)) return open_file(word, options, out, e);
    struct model_options settled = *options;
    gable_status s = model_settle(word, &settled, e);
    return s ? s : zoo_build(word, &settled.zoo, out, e);
}

gable_status model_frees(const char *word, const struct model_options *o, struct onnx_frees *out, gable_error *e)
{
    *out = (struct onnx_frees){0};
    if (!onnx_is_path(word)) return GABLE_OK;
    const struct onnx_options options = {.n_bindings = o->n_bindings,
                                         .bindings = o->bindings,
                                         .n_shapes = o->n_shapes,
                                         .shapes = o->shapes,
                                         .frees = out,
                                         .keeps_free = true};
    struct graph *g = NULL;
    gable_status s = onnx_read(word, &options, &g, e);
    graph_free(g);
    return s;
}

void model_label(const char *word, char *out, size_t room)
{
    const struct zoo_model *m = onnx_is_path(word) ? NULL : zoo_find(word);
    const char *slash = strrchr(word, '/'), *name = m ? m->label : slash ? slash + 1 : input_name(word);
    snprintf(out, room, "%s", name);
    char *dot = strrchr(out, '.');
    if (!m && dot && dot != out) *dot = '\0';
}
