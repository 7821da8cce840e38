#include "bench/subject.h"

#include "base/input.h"
#include "bench/defaults.h"
#include "engine/general/seeded.h"
#include "model/shapes.h"
#include "passes/passes.h"

#include <string.h>

static uint64_t seed_of(uint64_t asked) { return asked ? asked : BENCH_SEED; }

gable_status subject_graph(const struct bench_options *o, struct graph **out, gable_error *e)
{
    const struct model_options m = {.zoo = {.batch = o->batch, .height = o->height, .width = o->width},
                                    .n_shapes = o->n_shapes,
                                    .shapes = o->shapes};
    struct rewrites rewrites;
    gable_status s = model_open(o->model, &m, out, e);
    if (!s) s = model_batch_check(*out, &m, e);
    return s || !onnx_is_path(o->model) ? s : passes_run(*out, &rewrites, e);
}

const struct engine *subject_engine(const struct bench_options *o, const struct graph *g, const struct cpus *cpus)
{
    const struct engine *last = o->runs_on;
    for (int i = 0; !o->runs_on && engine_at(i); i++) {
        size_t bytes = 0;
        gable_error e = {0};
        last = engine_at(i);
        if (!last->plan_bytes(g, cpus, &o->engine, &bytes, &e)) break;
    }
    return last;
}

/* A fault of a file names it, whoever found the fault. */
static gable_status of_file(const char *model, gable_status s, gable_error *e)
{
    bool is_named = !onnx_is_path(model) || strstr(e->where, input_name(model));
    return s && !is_named ? error_within(e, "%s", input_name(model)) : s;
}

gable_status subject_weights(const char *model, uint64_t seed, const struct graph *g, bool wants_floats,
                             struct initializers **file, struct weights **out, gable_error *e)
{
    *file = NULL;
    if (!onnx_is_path(model)) return weights_new(g, seed_of(seed), out, e);
    gable_status s = initializers_open(model, file, e);
    if (!s) s = weights_given(g, initializers_values(*file), wants_floats, out, e);
    return of_file(model, s, e);
}

gable_status subject_session(const struct bench_options *o, const struct graph *g, const struct cpus *cpus,
                             struct session **out, gable_error *e)
{
    struct weights *w = NULL;
    const struct engine *engine = subject_engine(o, g, cpus);
    struct initializers *file;
    gable_status s = subject_weights(o->model, o->seed, g, !engine->takes_given, &file, &w, e);
    if (!s) s = engine->open(g, w, cpus, &o->engine, out, e);
    weights_free(w); /* the engine has its own by now */
    initializers_close(file);
    return of_file(o->model, s, e);
}

/* N(0,1), never zeros: image i of input k is a function of the seed, k and i alone. */
void subject_fill(struct session *s, const struct bench_options *o)
{
    uint64_t seed = seed_of(o->seed);
    for (int k = 0; k < s->graph->n_inputs; k++) {
        size_t all = (size_t)tensor_elements(s->graph->inputs[k]), image = all / (size_t)s->batch;
        for (int i = 0; i < s->batch; i++)
            weights_normal(seed + (uint64_t)k * 1000003 + (uint64_t)i, image,
                           s->engine->input(s, k) + (size_t)i * image);
    }
}
