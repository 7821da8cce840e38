#include "engine/general/general.h"

#include "engine/cpu/memory.h"
#include "engine/general/runtime.h"
#include "engine/onednn/onednn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct general {
    struct arena *arena;
    struct program *program;
    struct runtime runtime;
    int64_t steps_max;
    uint64_t seed;
};
#define STEPS_MAX (INT64_C(1) << 26)

const struct node *general_missing(const struct graph *g)
{
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i], *inner = NULL;
        if (!kernel_find(n->domain, n->op_type)) return n;
        for (int k = 0; k < n->n_attributes && !inner; k++)
            if (n->attributes[k].type == ATTRIBUTE_GRAPH && n->attributes[k].graph)
                inner = general_missing(n->attributes[k].graph);
        if (inner) return inner;
    }
    return NULL;
}

static gable_status start_threads(struct general *s, const struct cpus *cpus, const struct general_options *o,
                                  gable_error *e)
{
    int threads = o->threads > 0 ? o->threads : cpus->n_cores;
    if (o->threads < 0 || threads > cpus->n_allowed)
        return error_set(e, GABLE_BAD_INPUT, "%d threads on %d allowed CPUs; ask for 1 to %d", o->threads,
                         cpus->n_allowed, cpus->n_allowed);
    return crew_new(threads, threads <= cpus->n_cores ? cpus->cores : cpus->allowed, false, &s->runtime.crew, e);
}

static size_t default_bytes(void)
{
    size_t there = memory_available("");
    return there - there / 8;
}

gable_status general_open(const struct graph *g, const struct general_values *values, const struct cpus *cpus,
                          const struct general_options *o, struct general **out, gable_error *e)
{
    static const struct general_options defaults;
    struct general *s = calloc(1, sizeof *s);
    if (!s) return error_set(e, GABLE_NO_MEMORY, "no memory for a session");
    if (!o) o = &defaults;
    size_t bytes_max = o->bytes_max ? o->bytes_max : default_bytes();
    s->runtime = (struct runtime){.opset = g->opset, .random = o->seed, .given = values};
    s->seed = o->seed;
    s->steps_max = o->steps_max ? o->steps_max : STEPS_MAX;
    s->runtime.pool = pool_new(bytes_max);
    s->arena = arena_new(bytes_max);
    gable_status status = s->runtime.pool && s->arena ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory");
    if (!status) status = program_new(s->arena, g, NULL, &s->program, e);
    if (!status) status = start_threads(s, cpus, o, e);
    if (!status) status = program_load(&s->runtime, s->program, e);
    if (status) {
        general_close(s);
        return status;
    }
    *out = s;
    return GABLE_OK;
}

void general_close(struct general *s)
{
    if (!s) return;
    program_end(s->program);
    onednn_free(s->runtime.onednn);
    crew_free(s->runtime.crew);
    free(s->runtime.temporaries);
    pool_free(s->runtime.pool);
    arena_free(s->arena);
    free(s);
}

struct crew *general_crew(const struct general *s) { return s->runtime.crew; }
struct pool *general_pool(struct general *s) { return s->runtime.pool; }
void general_set_seed(struct general *s, uint64_t seed) { s->seed = seed; }

static bool shape_fits(const struct tensor *t, const struct value *v)
{
    if (!t->has_shape) return true;
    if (t->shape.rank != v->rank) return false;
    for (int i = 0; i < v->rank; i++)
        if (t->shape.dim[i] >= 0 && t->shape.dim[i] != v->dim[i]) return false;
    return true;
}

static void describe_shape(int rank, const int64_t *dim, char *out, size_t room)
{
    size_t at = (size_t)snprintf(out, room, rank ? "" : "a scalar");
    for (int i = 0; i < rank && at < room; i++) {
        const char *cross = i ? "x" : "";
        at += (size_t)(dim[i] < 0 ? snprintf(out + at, room - at, "%s?", cross)
                                  : snprintf(out + at, room - at, "%s%lld", cross, (long long)dim[i]));
    }
}

gable_status general_check_input(const struct tensor *t, const struct value *v, gable_error *e)
{
    char wanted[96], given[96];
    bool is_sequence = t->form == FORM_SEQUENCE || t->form == FORM_OPTIONAL_SEQUENCE;
    if (v->kind == VALUE_ABSENT) {
        if (t->form >= FORM_OPTIONAL) return GABLE_OK;
        return error_set(e, GABLE_BAD_INPUT, "the input '%.80s' is not given", t->name);
    }
    if ((v->kind == VALUE_SEQUENCE) != is_sequence)
        return error_set(e, GABLE_BAD_INPUT, "the input '%.80s' is a %s", t->name, is_sequence ? "sequence" : "tensor");
    if (v->dtype != t->dtype && (!is_sequence || v->n))
        return error_set(e, GABLE_BAD_INPUT, "the input '%.80s' is %s, %s is given", t->name, dtype_name(t->dtype),
                         dtype_name(v->dtype));
    if (is_sequence || shape_fits(t, v)) return GABLE_OK;
    describe_shape(t->shape.rank, t->shape.dim, wanted, sizeof wanted);
    describe_shape(v->rank, v->dim, given, sizeof given);
    return error_set(e, GABLE_BAD_INPUT, "the input '%.80s' is %s, %s is given", t->name, wanted, given);
}

gable_status general_set_input(struct general *s, int i, const struct value *v, gable_error *e)
{
    const struct tensor *t = s->program->graph->inputs[i];
    gable_status status = general_check_input(t, v, e);
    if (status) return status;
    value_release(program_value(s->program, t));
    value_share(v, program_value(s->program, t));
    return GABLE_OK;
}

gable_status general_run_watched(struct general *s, struct general_watch *w, gable_error *e)
{
    const struct graph *g = s->program->graph;
    for (int i = 0; i < g->n_inputs; i++) {
        gable_status status = general_check_input(g->inputs[i], program_value(s->program, g->inputs[i]), e);
        if (status) return status;
    }
    program_clear(s->program);
    s->runtime.watch = w;
    s->runtime.steps_left = s->steps_max;
    s->runtime.random = s->seed; /* every pass draws the same */
    crew_enter(s->runtime.crew);
    gable_status status = program_run(&s->runtime, s->program, e);
    crew_leave(s->runtime.crew);
    return status;
}

gable_status general_run(struct general *s, gable_error *e) { return general_run_watched(s, NULL, e); }

const struct value *general_output(const struct general *s, int i)
{
    return program_value(s->program, s->program->graph->outputs[i]);
}
