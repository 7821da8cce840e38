#include "model/shapes.h"

#include "base/input.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gable_status open_file(const char *path, const struct model_options *o, struct graph **out, gable_error *e)
{
    const struct onnx_options options = {.batch = o->zoo.batch,
                                         .height = o->zoo.height,
                                         .width = o->zoo.width,
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
    const struct onnx_options options = {.height = o->zoo.height,
                                         .width = o->zoo.width,
                                         .n_bindings = o->n_bindings,
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

/* The last folder's name, wherever the process stands; false where there is none. */
static bool folder_of(const char *path, char *out, size_t room)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("."), *whole = NULL, *last = NULL;
    if (folder && !input_is_stdin(path)) whole = realpath(folder, NULL);
    if (whole) last = strrchr(whole, '/');
    bool is_there = last && last[1] && strlen(last + 1) < room;
    if (is_there) snprintf(out, room, "%s", last + 1);
    free(whole);
    free(folder);
    return is_there;
}

/* A folder that leaves the file no room is left out. */
void model_id(const char *word, char *out, size_t room)
{
    char folder[256];
    const char *slash = strrchr(word, '/'), *file = slash ? slash + 1 : input_name(word);
    if (!onnx_is_path(word))
        snprintf(out, room, "%s", word);
    else if (folder_of(word, folder, sizeof folder) && strlen(folder) + 1 + strlen(file) < room)
        snprintf(out, room, "%s/%s", folder, file);
    else
        snprintf(out, room, "%s", file);
}

void model_label(const char *word, char *out, size_t room)
{
    const struct zoo_model *m = onnx_is_path(word) ? NULL : zoo_find(word);
    if (m)
        snprintf(out, room, "%s", m->label);
    else
        model_id(word, out, room);
    char *slash = strrchr(out, '/'), *name = slash ? slash + 1 : out, *dot = strrchr(name, '.');
    if (!m && dot && dot != name) *dot = '\0';
}
