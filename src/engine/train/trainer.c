#include "engine/train/train.h"

#include "engine/cpu/memory.h"
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

static gable_status plan(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                         struct trainer_memory *out, gable_error *e)
{
    struct train_plan *p = NULL;
    gable_status s = train_plan_new(g, cpus, o, &p, e);
    if (!s) train_plan_measure(p, trainer_limit(o), out);
    train_plan_free(p);
    return s;
}

/* Everything that a trainer computes with lies in one block: huge pages are rounded up to once. */
struct layout {
    char *base; /* NULL: only measured */
    size_t bytes;
};
static void *take(struct layout *l, size_t bytes)
{
    void *at = l->base ? l->base + l->bytes : NULL;
    l->bytes += (bytes + PAGE - 1) / PAGE * PAGE;
    return at;
}
static void lay_out(struct trainer_session *s, struct layout *l)
{
    const struct train_plan *p = s->plan;
    enum optimizer o = p->options.optimizer;
    bool has_second = o == OPTIMIZER_ADAM || o == OPTIMIZER_ADAMW;
    size_t outputs = (size_t)tensor_elements(p->graph->outputs[0]) * sizeof(float);
    s->arena = take(l, p->arena_floats * (size_t)p->batch * sizeof(float));
    s->scratch = take(l, p->scratch_bytes);
    s->partials = take(l, p->partial_bytes);
    s->cleared = take(l, 0);
    s->parameters = take(l, p->n_parameters * sizeof(float));
    s->gradients = take(l, p->n_trained * sizeof(float));
    s->first = o == OPTIMIZER_SGD ? NULL : take(l, p->n_trained * sizeof(float));
    s->second = has_second ? take(l, p->n_trained * sizeof(float)) : NULL;
    s->statistics = take(l, p->n_statistics * sizeof(float));
    s->targets = take(l, outputs);
    s->output = take(l, outputs);
    s->labels = take(l, (size_t)p->batch * sizeof *s->labels);
    s->image_loss = take(l, (size_t)p->batch * sizeof *s->image_loss);
    for (int i = 0; i < p->graph->n_inputs; i++)
        s->inputs[i] = take(l, (size_t)tensor_elements(p->graph->inputs[i]) * sizeof(float));
}
static bool allocate(struct trainer_session *s)
{
    struct layout l = {0};
    s->inputs = arena_array(s->plan->memory, (size_t)s->plan->graph->n_inputs, sizeof *s->inputs);
    if (!s->inputs) return false;
    lay_out(s, &l);
    s->block = memory_floats(l.bytes / sizeof(float));
    if (!s->block) return false;
    l = (struct layout){.base = (char *)s->block};
    lay_out(s, &l);
    memset(s->cleared, 0, (size_t)(l.base + l.bytes - s->cleared)); /* the arena is the threads' to clear */
    return true;
}
static void copy_weights(struct trainer_session *s, const struct weights *w)
{
    for (int i = 0; i < s->base.graph->n_tensors; i++)
        if (s->plan->parameter[i] != SIZE_MAX && w->value[i])
            memcpy(parameter_at(s, i), w->value[i], (size_t)tensor_elements(s->base.graph->tensors[i]) * sizeof(float));
}
/* First touch by the threads, and zeros in what pads the channels. */
static void clear_arena(void *arg, int part, int parts)
{
    struct trainer_session *s = arg;
    struct range r = range_of((long)(s->plan->arena_floats * (size_t)s->plan->batch), part, parts);
    memset(s->arena + r.first, 0, (size_t)(r.last - r.first) * sizeof(float));
}

static gable_status refuse(const struct train_plan *p, const struct trainer_memory *m, size_t limit, gable_error *e)
{
    double gib = 1 << 30;
    if (m->batch_most < 1)
        return error_set(e, GABLE_NO_MEMORY,
                         "%s: a training step takes %.2f GiB at batch %d, %.2f GiB are free: not even one image fits",
                         p->graph->name, (double)m->total / gib, p->batch, (double)limit / gib);
    return error_set(e, GABLE_NO_MEMORY,
                     "%s: a training step takes %.2f GiB at batch %d, %.2f GiB are free; the largest batch that fits "
                     "is %d",
                     p->graph->name, (double)m->total / gib, p->batch, (double)limit / gib, m->batch_most);
}
static gable_status check(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                          gable_error *e)
{
    struct train_plan *p = NULL;
    struct trainer_memory m;
    gable_status s = train_plan_new(g, cpus, o, &p, e);
    if (s) return s;
    train_plan_measure(p, trainer_limit(o), &m);
    if (m.total > trainer_limit(o)) s = refuse(p, &m, trainer_limit(o), e);
    train_plan_free(p);
    return s;
}
static gable_status start(struct trainer_session *s, const struct weights *w, const struct cpus *cpus, gable_error *e)
{
    struct train_plan *p = s->plan;
    const int *where = p->threads <= cpus->n_cores ? cpus->cores : cpus->allowed;
    gable_status status = crew_new(p->threads, where, true, &s->crew, e);
    if (status) return status;
    s->base.tids = crew_tids(s->crew);
    s->base.cpus = crew_cpus(s->crew);
    if (!allocate(s))
        return error_set(e, GABLE_NO_MEMORY, "%s at batch %d takes %.2f GiB and the system gave less", p->graph->name,
                         p->batch, (double)s->base.memory.total / (1 << 30));
    copy_weights(s, w);
    crew_enter(s->crew);
    crew_run(s->crew, clear_arena, s);
    if (p->options.tune) {
        tune_convolutions(s);
        crew_run(s->crew, clear_arena, s);
    }
    crew_leave(s->crew);
    return trainer_describe(s) ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to describe %s", p->graph->name);
}
static void close_session(struct trainer *t)
{
    struct trainer_session *s = trainer_session(t);
    free(s->block);
    crew_free(s->crew);
    train_plan_free(s->plan);
    free(s);
}
static gable_status open_session(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                                 const struct trainer_options *o, struct trainer **out, gable_error *e)
{
    double from = train_now_ns();
    size_t limit = trainer_limit(o);
    struct train_plan *p = NULL;
    gable_status status = train_plan_new(g, cpus, o, &p, e);
    if (status) return status;
    struct trainer_session *s = calloc(1, sizeof *s);
    if (!s) {
        train_plan_free(p);
        return error_set(e, GABLE_NO_MEMORY, "no memory for a trainer");
    }
    s->plan = p;
    s->base = (struct trainer){.engine = &trainer_blocked,
                               .graph = g,
                               .options = p->options,
                               .batch = p->batch,
                               .threads = p->threads,
                               .isa = p->kernels->isa};
    train_plan_measure(p, limit, &s->base.memory);
    status = s->base.memory.total > limit ? refuse(p, &s->base.memory, limit, e) : start(s, w, cpus, e);
    if (status) {
        close_session(&s->base);
        return status;
    }
    s->base.setup_ns = train_now_ns() - from;
    *out = &s->base;
    return GABLE_OK;
}
static float *input(struct trainer *t, int i) { return trainer_session(t)->inputs[i]; }
static int32_t *labels(struct trainer *t) { return trainer_session(t)->labels; }
static float *targets(struct trainer *t) { return trainer_session(t)->targets; }
static const float *output(struct trainer *t) { return trainer_session(t)->output; }
static float *values(struct trainer *t, enum trainer_value v, int tensor)
{
    struct trainer_session *s = trainer_session(t);
    size_t at = tensor >= 0 && tensor < t->graph->n_tensors ? s->plan->parameter[tensor] : SIZE_MAX;
    float *of[] = {[VALUE_WEIGHT] = s->parameters,
                   [VALUE_GRADIENT] = s->gradients,
                   [VALUE_FIRST] = s->first,
                   [VALUE_SECOND] = s->second};
    if (at == SIZE_MAX || !of[v] || (v != VALUE_WEIGHT && at >= s->plan->n_trained)) return NULL;
    return of[v] + at;
}

const struct trainer_engine trainer_blocked = {
    .name = "cpu",
    .plan = plan,
    .check = check,
    .open = open_session,
    .close = close_session,
    .input = input,
    .labels = labels,
    .targets = targets,
    .output = output,
    .step = session_step,
    .values = values,
};
