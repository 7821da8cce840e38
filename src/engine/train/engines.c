/* Who trains a model: the first engine that takes it. */
#include "engine/cpu/memory.h"
#include "engine/train/train.h"

#include <stdio.h>
#include <string.h>

static const struct trainer_engine *const engines[] = {&trainer_blocked, &trainer_general};

void trainer_defaults(struct trainer_options *o)
{
    bool is_adam = o->optimizer == OPTIMIZER_ADAM || o->optimizer == OPTIMIZER_ADAMW;
    if (o->rate == 0) o->rate = is_adam ? 0.001 : 0.01;
    if (o->momentum == 0) o->momentum = 0.9;
    if (o->beta1 == 0) o->beta1 = 0.9;
    if (o->beta2 == 0) o->beta2 = 0.999;
    if (o->epsilon == 0) o->epsilon = 1e-8;
}

size_t trainer_limit(const struct trainer_options *o) { return o->bytes_most ? o->bytes_most : memory_available(""); }

const char *const recompute_names[RECOMPUTE_KINDS] = {"none", "cheap", "checkpoint"};

/* A step that does not fit: the least that has to be made again so that it does. */
static void advise(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o, gable_error *e)
{
    struct trainer_options other = *o;
    while (other.recompute < RECOMPUTE_KINDS - 1) {
        struct trainer_memory m;
        other.recompute++;
        if (trainer_plan(g, cpus, &other, &m, NULL) || m.total > trainer_limit(o)) continue;
        size_t length = strlen(e->why);
        snprintf(e->why + length, sizeof e->why - length, "; with --recompute %s it takes %.2f GiB",
                 recompute_names[other.recompute], (double)m.total / (1 << 30));
        return;
    }
}

/* Another engine may take what one refuses for what the model is; not for lack of memory. */
static bool goes_on(gable_status s, size_t i) { return s == GABLE_BAD_INPUT && i + 1 < COUNT_OF(engines); }

gable_status trainer_plan(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                          struct trainer_memory *out, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (size_t i = 0; i < COUNT_OF(engines); i++) {
        gable_error why = {0};
        s = engines[i]->plan(g, cpus, o, out, &why);
        if (e && s) *e = why;
        if (!goes_on(s, i)) return s;
    }
    return s;
}

gable_status trainer_check(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                           gable_error *e)
{
    gable_status s = GABLE_OK;
    for (size_t i = 0; i < COUNT_OF(engines); i++) {
        gable_error why = {0};
        s = engines[i]->check(g, cpus, o, &why);
        if (s == GABLE_NO_MEMORY) advise(g, cpus, o, &why);
        if (e && s) *e = why;
        if (!goes_on(s, i)) return s;
    }
    return s;
}

gable_status trainer_open(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                          const struct trainer_options *o, struct trainer **out, gable_error *e)
{
    gable_error why = {0}, before = {0};
    gable_status s = GABLE_OK;
    for (size_t i = 0; i < COUNT_OF(engines); i++) {
        why = (gable_error){0};
        s = engines[i]->open(g, w, cpus, o, out, &why);
        if (!goes_on(s, i)) break;
        before = why;
    }
    if (s == GABLE_NO_MEMORY) advise(g, cpus, o, &why);
    if (s && e) *e = why;
    if (!s && before.why[0]) snprintf((*out)->why, sizeof(*out)->why, "%s: %s", before.where, before.why);
    return s;
}

void trainer_close(struct trainer *t)
{
    if (t) t->engine->close(t);
}

float *trainer_input(struct trainer *t, int i) { return t->engine->input(t, i); }
int32_t *trainer_labels(struct trainer *t) { return t->engine->labels(t); }
float *trainer_targets(struct trainer *t) { return t->engine->targets(t); }
const float *trainer_output(struct trainer *t) { return t->engine->output(t); }
void trainer_set_rate(struct trainer *t, double rate) { t->options.rate = rate; }

float *trainer_values(struct trainer *t, enum trainer_value v, int tensor) { return t->engine->values(t, v, tensor); }

gable_status trainer_step(struct trainer *t, double *loss, gable_error *e)
{
    return t->engine->step(t, true, loss, NULL, e);
}

gable_status trainer_step_timed(struct trainer *t, double *loss, double *stage_ns, gable_error *e)
{
    return t->engine->step(t, true, loss, stage_ns, e);
}

gable_status trainer_gradients(struct trainer *t, double *loss, gable_error *e)
{
    return t->engine->step(t, false, loss, NULL, e);
}
