#include "report/study.h"

#include "engine/plan/groups.h"
#include "learn/learned.h"
#include "zoo/zoo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void study_release(struct study *s)
{
    for (int i = 0; i < s->n_models; i++) free(s->models[i].costs);
    for (int i = 0; i < s->n_runs; i++) run_release(&s->runs[i]);
    for (int i = 0; i < s->n_learned; i++) learned_release(&s->learned[i]);
    free(s->models);
    free(s->runs);
    free(s->learned);
    free(s->batches);
    json_decref(s->environment);
    *s = (struct study){0};
}

static const struct run *run_of(const struct study *s, const char *model, int batch, const char *engine,
                                const char *pass)
{
    for (int i = 0; i < s->n_runs; i++) {
        const struct run *r = &s->runs[i];
        if (r->batch == batch && !strcmp(r->model, model) && !strcmp(r->engine, engine) && !strcmp(r->pass, pass))
            return r;
    }
    return NULL;
}
const struct run *study_run(const struct study *s, int model, int batch, const char *engine)
{
    return run_of(s, s->models[model].id, batch, engine, trained_name(PASS_FORWARD));
}
const struct run *study_step(const struct study *s, int model, int pass)
{
    return run_of(s, s->models[model].id, s->training_batch, training_engine, trained_name(pass));
}

gable_status study_add_run(struct study *s, const struct run *r, gable_error *e)
{
    struct run copy = {0};
    gable_status status = run_copy(&copy, r, e);
    if (status) return status;
    struct run *old = (struct run *)(uintptr_t)run_of(s, r->model, r->batch, r->engine, r->pass);
    if (old) {
        run_release(old);
        *old = copy;
        return GABLE_OK;
    }
    struct run *grown = realloc(s->runs, ((size_t)s->n_runs + 1) * sizeof *grown);
    if (!grown) {
        run_release(&copy);
        return error_set(e, GABLE_NO_MEMORY, "memory ran out while collecting runs");
    }
    s->runs = grown;
    s->runs[s->n_runs++] = copy;
    return GABLE_OK;
}

static gable_status cost_one(struct study_cost *out, struct study_model *m, const char *id, int batch, gable_error *e)
{
    struct graph *g = NULL;
    struct analysis *a = NULL;
    struct grouping grouping;
    gable_status status = zoo_build(id, &(struct zoo_options){.batch = batch}, &g, e);
    if (!status) status = groups_find(g, &grouping, e);
    if (!status) status = analysis_new(g, &grouping, &a, e);
    if (!status) {
        out->batch = batch;
        out->cost = a->total;
        out->bytes = a->bytes;
        out->memory = a->memory;
        memcpy(out->kinds, a->kinds, sizeof out->kinds);
        m->params = a->params;
    }
    analysis_free(a);
    graph_free(g);
    return status;
}

static gable_status cost_training(struct study_training *out, const char *id, int batch, gable_error *e)
{
    struct graph *g = NULL;
    struct analysis *a = NULL;
    struct training *t = NULL;
    struct grouping grouping;
    out->batch = batch;
    gable_status status = zoo_build(id, &(struct zoo_options){.batch = out->batch}, &g, e);
    if (!status) status = groups_find(g, &grouping, e);
    if (!status) status = analysis_new(g, &grouping, &a, e);
    if (!status) status = training_new(a, STUDY_OPTIMIZER, &t, e);
    if (!status) {
        memcpy(out->passes, t->passes, sizeof out->passes);
        memcpy(out->kinds, t->kinds, sizeof out->kinds);
        out->memory = t->memory;
        out->flops = amounts_of_flops(t);
        out->bytes = amounts_of_bytes(t);
    }
    training_free(t);
    analysis_free(a);
    graph_free(g);
    return status;
}

static gable_status cost_model(struct study *s, struct study_model *m, const char *id, gable_error *e)
{
    const struct zoo_model *z = zoo_find(id);
    snprintf(m->id, sizeof m->id, "%s", id);
    snprintf(m->label, sizeof m->label, "%s", z ? z->label : id);
    snprintf(m->family, sizeof m->family, "%s", z ? z->family : "");
    m->costs = calloc((size_t)s->n_batches, sizeof *m->costs);
    if (!m->costs) return error_set(e, GABLE_NO_MEMORY, "memory ran out while costing the models");
    gable_status status = GABLE_OK;
    for (int b = 0; b < s->n_batches && !status; b++) status = cost_one(&m->costs[b], m, id, s->batches[b], e);
    return status ? status : cost_training(&m->training, id, s->training_batch, e);
}

static int by_batch(const void *a, const void *b)
{
    const int *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static int by_flops(const void *a, const void *b)
{
    const struct study_model *p = a, *q = b;
    count x = p->costs[0].cost.flops, y = q->costs[0].cost.flops;
    return x != y ? (x > y) - (x < y) : strcmp(p->id, q->id);
}

gable_status study_costs(struct study *s, const char *const *ids, int n, const int *batches, int n_batches,
                         gable_error *e)
{
    if (n < 1 || n_batches < 1) return error_set(e, GABLE_USAGE, "a study needs at least one model and one batch size");
    s->batches = calloc((size_t)n_batches, sizeof *s->batches);
    s->models = calloc((size_t)n, sizeof *s->models);
    if (!s->batches || !s->models) return error_set(e, GABLE_NO_MEMORY, "memory ran out while costing the models");
    memcpy(s->batches, batches, (size_t)n_batches * sizeof *batches);
    qsort(s->batches, (size_t)n_batches, sizeof *s->batches, by_batch);
    s->n_batches = n_batches;
    if (!s->training_batch) s->training_batch = STUDY_TRAINING_BATCH;
    for (int i = 0; i < n; i++) {
        s->n_models = i + 1;
        gable_status status = cost_model(s, &s->models[i], ids[i], e);
        if (status) return status;
    }
    qsort(s->models, (size_t)n, sizeof *s->models, by_flops);
    return GABLE_OK;
}
