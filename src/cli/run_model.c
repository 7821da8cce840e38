/* A word becomes a model that can be run, and its inputs values. */
#include "cli/run.h"

#include "base/text.h"
#include "engine/cpu/memory.h"
#include "tensors/npy.h"
#include "tensors/proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

gable_status run_open(const struct run_request *r, struct run_model *m, gable_error *e)
{
    const struct onnx_options options = {.batch = r->zoo.batch,
                                         .height = r->zoo.height,
                                         .width = r->zoo.width,
                                         .n_shapes = r->shapes.n,
                                         .shapes = r->shapes.at,
                                         .keeps_free = true};
    struct model_options asked = {.zoo = r->zoo, .n_shapes = r->shapes.n, .shapes = r->shapes.at};
    gable_status s = GABLE_OK;
    m->pool = pool_new(memory_available(""));
    if (!m->pool) return error_set(e, GABLE_NO_MEMORY, "no memory for a run");
    s = model_settle(m->path[0] ? m->path : r->model, &asked, e);
    if (s) return s;
    if (m->path[0] || onnx_is_path(r->model)) {
        if (!m->path[0]) snprintf(m->path, sizeof m->path, "%s", r->model);
        s = onnx_read(m->path, &options, &m->graph, e);
        return s ? s : initializers_open(m->path, &m->read, e);
    }
    s = model_open(r->model, &asked, &m->graph, e);
    if (!s) s = weights_new(m->graph, (uint64_t)r->seed, &m->seeded, e);
    m->drawn = seeded_values(m->seeded);
    return s;
}

static bool ends_in(const char *word, const char *ending)
{
    size_t n = strlen(word), k = strlen(ending);
    return n >= k && !strcmp(word + n - k, ending);
}

gable_status run_read(struct run_model *m, const char *path, const struct tensor *t, struct value *out, gable_error *e)
{
    if (ends_in(path, ".npz")) {
        error_set(e, GABLE_BAD_INPUT, "is an archive of arrays: unzip it, and give one of its .npy files");
        return error_within(e, "%s", path);
    }
    if (ends_in(path, ".npy")) return npy_read(m->pool, path, out, e);
    return proto_read(m->pool, path, t->form, out, NULL, 0, e);
}

static const char *after_name(const char *text, const char *name)
{
    size_t n = strlen(name);
    return !strncmp(text, name, n) && text[n] == '=' ? text + n + 1 : NULL;
}

static const char *asked_for(const char *const *list, int n, const char *name)
{
    const char *found = NULL;
    for (int i = 0; i < n; i++)
        if (after_name(list[i], name)) found = after_name(list[i], name);
    return found;
}

/* "input (f32), state (f32)": what can be given, as many as a line holds. */
static gable_status not_named(const struct graph *g, const char *given, gable_error *e)
{
    char list[120] = "";
    for (int i = 0, n = 0; i < g->n_inputs && n < (int)sizeof list; i++)
        n += snprintf(list + n, sizeof list - (size_t)n, "%s%.40s (%s)", i ? ", " : "", g->inputs[i]->name,
                      dtype_name(g->inputs[i]->dtype));
    return error_set(e, GABLE_USAGE, "--input takes NAME=FILE, not '%.60s'; the model has %s", given, list);
}

/* Every NAME=... of --input means an input of the model. */
static gable_status check_names(const struct graph *g, const char *const *list, int n, gable_error *e)
{
    for (int i = 0; i < n; i++) {
        const char *names[RUN_INPUTS_MAX], *nearest;
        size_t n_names = 0;
        char name[128];
        bool is_known = false;
        if (!strchr(list[i], '=')) return not_named(g, list[i], e);
        for (int k = 0; k < g->n_inputs && !is_known; k++) {
            is_known = after_name(list[i], g->inputs[k]->name);
            if (n_names < COUNT_OF(names)) names[n_names++] = g->inputs[k]->name;
        }
        if (is_known) continue;
        snprintf(name, sizeof name, "%.*s", (int)(strchr(list[i], '=') - list[i]), list[i]);
        nearest = text_nearest(name, names, n_names);
        if (!nearest && n_names == 1) nearest = names[0];
        return error_set(e, GABLE_USAGE, "the model has no input '%.60s'%s%.60s%s", name,
                         nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    }
    return GABLE_OK;
}

/* Beyond its first dimension, which is the batch. */
static bool has_free(const struct tensor *t)
{
    bool is_free = false;
    for (int i = 1; i < t->shape.rank; i++) is_free |= t->shape.dim[i] < 0;
    return is_free;
}

/* N(0,1) for reals; 0 or 1 for integers, which often count into something. */
static gable_status draw(struct run_model *m, const struct tensor *t, uint64_t seed, struct value *out, gable_error *e)
{
    int64_t dim[SHAPE_RANK_MAX];
    int rank = t->shape.rank;
    struct value normal = {0};
    if (t->form != FORM_TENSOR || t->dtype == DTYPE_STRING || !value_element_bytes(t->dtype))
        return error_set(e, GABLE_USAGE, "the input '%.80s' cannot be drawn at random: give a file", t->name);
    if (!t->has_shape)
        return error_set(e, GABLE_USAGE, "the input '%.80s' has no shape: say --shape %.60s=..., or give a file",
                         t->name, t->name);
    for (int i = 0; i < rank; i++) dim[i] = t->shape.dim[i] < 0 ? 1 : t->shape.dim[i];
    gable_status s = value_new(m->pool, DTYPE_F32, rank, dim, &normal, e);
    if (!s) s = value_new(m->pool, t->dtype, rank, dim, out, e);
    if (!s) {
        bool is_real =
            t->dtype == DTYPE_F32 || t->dtype == DTYPE_F64 || t->dtype == DTYPE_F16 || t->dtype == DTYPE_BF16;
        float *x = normal.data;
        weights_normal(seed, (size_t)normal.n, x);
        for (int64_t i = 0; i < normal.n && !is_real; i++) x[i] = x[i] > 0;
        value_convert(&normal, out);
    }
    value_release(&normal);
    return s;
}

static bool is_drawn(const char *source) { return !source || !strncmp(source, "random:", 7); }

static gable_status read_input(struct run_model *m, const char *source, int i, struct run_given *given, gable_error *e)
{
    const struct tensor *t = m->graph->inputs[i];
    if (!*source) return error_set(e, GABLE_USAGE, "--input %.60s= names no file", t->name);
    snprintf(given->source, sizeof given->source, "%s", source);
    gable_status s = run_read(m, source, t, &given->value, e);
    if (s) return s;
    s = general_check_input(t, &given->value, e);
    return s ? error_within(e, "%s", source) : GABLE_OK;
}

/* t is input i as what is given by files makes it. */
static gable_status draw_input(const struct run_request *r, struct run_model *m, const char *source,
                               const struct tensor *t, int i, struct run_given *given, gable_error *e)
{
    unsigned long long seed = (unsigned long long)r->seed + (unsigned long long)i;
    char *end = NULL;
    if (!source && t->form >= FORM_OPTIONAL) return GABLE_OK;
    if (source) seed = strtoull(source + 7, &end, 10);
    if (source && (*end || source[7] < '0' || source[7] > '9'))
        return error_set(e, GABLE_USAGE, "--input takes NAME=FILE or NAME=random:SEED, not '%.60s'", source);
    snprintf(given->source, sizeof given->source, "random, seed %llu", seed);
    return draw(m, t, seed, &given->value, e);
}

gable_status run_inputs(const struct run_request *r, struct run_model *m, struct run_given *given, gable_error *e)
{
    const struct graph *g = m->graph;
    struct graph *bound = NULL;
    const char *source;
    bool draws = false;
    gable_status s = check_names(g, r->inputs, r->n_inputs, e);
    for (int i = 0; i < g->n_inputs && !s; i++) {
        source = asked_for(r->inputs, r->n_inputs, g->inputs[i]->name);
        draws |= is_drawn(source);
        if (!is_drawn(source)) s = read_input(m, source, i, &given[i], e);
    }
    if (!s && draws) s = run_bind(r, m, given, &bound, e);
    for (int i = 0; i < g->n_inputs && !s; i++) {
        source = asked_for(r->inputs, r->n_inputs, g->inputs[i]->name);
        if (is_drawn(source) && has_free((bound ? bound : g)->inputs[i]) && g->inputs[i]->form == FORM_TENSOR)
            s = run_ask(r, m, given, e);
        else if (is_drawn(source))
            s = draw_input(r, m, source, (bound ? bound : g)->inputs[i], i, &given[i], e);
    }
    graph_free(bound);
    return s;
}
