/* The general engine as a row of engine_at: for graphs that the planned engine refuses. Every node is a group. Inputs
   and outputs are floats here, as engine.h has them; integer inputs are 1 where the float is positive, else 0. */
#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/memory.h"
#include "engine/crew.h"
#include "engine/general/general.h"
#include "engine/general/node_groups.h"
#include "engine/general/seeded.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct row_session {
    struct session base;
    struct general *general;
    struct seeded_values drawn;
    struct value *inputs;    /* as the model wants them */
    float **staged, **given; /* per input that is no f32, else NULL; per output */
    bool *is_dirty;          /* a staged input may have been written since the last pass */
    struct node_groups groups;
    struct general_watch watch; /* of run_timed */
    double *group_ns, last_ns;
};
static struct row_session *row(struct session *s) { return CONTAINER_OF(s, struct row_session, base); }

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static gable_status describe(const struct cpus *cpus, char *out, size_t room, gable_error *e)
{
    return engine_cpu.describe(cpus, out, room, e);
}

static gable_status check_graph(const struct graph *g, gable_error *e)
{
    const struct node *missing = general_missing(g);
    if (missing) {
        error_set(e, GABLE_BAD_INPUT, "no kernel runs the operator %s%s%.60s", missing->domain,
                  missing->domain[0] ? "." : "", missing->op_type);
        return error_within(e, "node %.60s (%.40s)", missing->name, missing->op_type);
    }
    if (g->n_inputs < 1) return error_set(e, GABLE_BAD_INPUT, "the model has no input");
    for (int i = 0; i < g->n_inputs; i++)
        if (g->inputs[i]->form != FORM_TENSOR || g->inputs[i]->dtype == DTYPE_STRING ||
            !value_element_bytes(g->inputs[i]->dtype))
            return error_set(e, GABLE_BAD_INPUT, "the input '%.80s' is no tensor of numbers", g->inputs[i]->name);
    return GABLE_OK;
}

static gable_status plan_bytes(const struct graph *g, const struct cpus *cpus, const struct engine_options *o,
                               size_t *out, gable_error *e)
{
    struct analysis *a = NULL;
    int threads = o->threads > 0 ? o->threads : cpus->n_cores;
    gable_status s = check_graph(g, e);
    if (!s && threads > cpus->n_allowed)
        s = error_set(e, GABLE_BAD_INPUT, "%d threads on %d allowed CPUs; ask for 1 to %d", threads, cpus->n_allowed,
                      cpus->n_allowed);
    if (!s) s = analysis_new(g, NULL, &a, e);
    if (s) return s;
    /* storage comes in eighths of a doubling; packed weights stand beside the plain ones */
    double bytes = 2.0 * (double)a->memory.weights + 1.25 * (double)a->memory.peak_live;
    *out = bytes < 9e18 ? (size_t)bytes : SIZE_MAX / 2;
    analysis_free(a);
    return GABLE_OK;
}

static gable_status no_memory(gable_error *e) { return error_set(e, GABLE_NO_MEMORY, "no memory for a session"); }

static gable_status make_input(struct row_session *s, int i, gable_error *e)
{
    const struct tensor *t = s->base.graph->inputs[i];
    struct value *v = &s->inputs[i];
    gable_status status = value_new(general_pool(s->general), t->dtype, t->shape.rank, t->shape.dim, v, e);
    if (status) return status;
    if (v->n) memset(v->data, 0, (size_t)v->n * value_element_bytes(t->dtype));
    if (t->dtype != DTYPE_F32 && !(s->staged[i] = calloc((size_t)v->n + 1, sizeof **s->staged))) return no_memory(e);
    return general_set_input(s->general, i, v, e);
}

/* What a pass gives is as large as the shapes said: engine.h's buffers do not change. */
static gable_status check_outputs(const struct row_session *s, gable_error *e)
{
    for (int i = 0; i < s->base.graph->n_outputs; i++) {
        const struct tensor *t = s->base.graph->outputs[i];
        const struct value *v = general_output(s->general, i);
        if (v->kind != VALUE_TENSOR || v->dtype == DTYPE_STRING || v->n != tensor_elements(t))
            return error_set(e, GABLE_BAD_INPUT,
                             "the size of output %.80s depends on data: 'gable run' runs such models", t->name);
    }
    return GABLE_OK;
}

static gable_status make_given(struct row_session *s, int i, gable_error *e)
{
    s->given[i] = calloc((size_t)tensor_elements(s->base.graph->outputs[i]) + 1, sizeof **s->given);
    return s->given[i] ? GABLE_OK : no_memory(e);
}

/* Buffers, and one pass: it finds what is wrong and takes the memory that later passes use again. */
static gable_status make_buffers(struct row_session *s, gable_error *e)
{
    const struct graph *g = s->base.graph;
    gable_status status = GABLE_OK;
    s->inputs = calloc((size_t)g->n_inputs + 1, sizeof *s->inputs);
    s->staged = calloc((size_t)g->n_inputs + 1, sizeof *s->staged);
    s->is_dirty = calloc((size_t)g->n_inputs + 1, sizeof *s->is_dirty);
    s->given = calloc((size_t)g->n_outputs + 1, sizeof *s->given);
    if (!s->inputs || !s->staged || !s->is_dirty || !s->given) return no_memory(e);
    for (int i = 0; i < g->n_inputs && !status; i++) status = make_input(s, i, e);
    if (!status) status = general_run(s->general, e);
    if (!status) status = check_outputs(s, e);
    for (int i = 0; i < g->n_outputs && !status; i++) status = make_given(s, i, e);
    return status;
}

static void close_session(struct session *session)
{
    if (!session) return;
    struct row_session *s = row(session);
    const struct graph *g = s->base.graph;
    for (int i = 0; s->inputs && i < g->n_inputs; i++) value_release(&s->inputs[i]);
    for (int i = 0; s->staged && i < g->n_inputs; i++) free(s->staged[i]);
    for (int i = 0; s->given && i < g->n_outputs; i++) free(s->given[i]);
    general_close(s->general);
    free(s->inputs);
    free(s->staged);
    free(s->is_dirty);
    free(s->given);
    node_groups_release(&s->groups);
    free(s);
}

static gable_status open_parts(struct row_session *s, const struct weights *w, const struct cpus *cpus,
                               const struct engine_options *o, gable_error *e)
{
    const struct general_options how = {.threads = o->threads};
    const struct general_values *values = w && w->given ? w->given : &s->drawn.base;
    gable_status status = general_open(s->base.graph, values, cpus, &how, &s->general, e);
    if (!status) status = node_groups_make(s->base.graph, &s->groups, e);
    if (!status) status = make_buffers(s, e);
    if (status) return status;
    s->base.n_groups = s->groups.n;
    s->base.groups = s->groups.info;
    const struct crew *crew = general_crew(s->general);
    s->base.threads = crew_size(crew);
    s->base.tids = crew_tids(crew);
    s->base.cpus = crew_cpus(crew);
    s->base.arena_bytes = pool_bytes(general_pool(s->general));
    snprintf(s->base.algorithms, sizeof s->base.algorithms, "node by node: %d nodes, nothing fused",
             s->base.graph->n_nodes);
    return GABLE_OK;
}

static gable_status open_session(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                                 const struct engine_options *o, struct session **out, gable_error *e)
{
    double start = now_ns();
    size_t needed = 0, there = memory_available("");
    gable_status status = plan_bytes(g, cpus, o, &needed, e);
    if (!status && needed > there)
        status = error_set(e, GABLE_NO_MEMORY, "%s needs %.1f MiB and %.1f MiB are there; take a smaller batch",
                           g->name, (double)needed / (1 << 20), (double)there / (1 << 20));
    struct row_session *s = status ? NULL : calloc(1, sizeof *s);
    if (status) return status;
    if (!s) return no_memory(e);
    const struct shape *x = &g->inputs[0]->shape;
    s->base = (struct session){
        .engine = &engine_general, .graph = g, .isa = kernels_for(ISA_BEST)->isa, .planned_bytes = needed};
    s->base.batch = x->rank > 0 && x->dim[0] > 0 && x->dim[0] < 1 << 24 ? (int)x->dim[0] : 1;
    s->base.weight_bytes = w ? w->bytes : 0;
    s->drawn = seeded_values(w);
    status = open_parts(s, w, cpus, o, e);
    if (status) {
        close_session(&s->base);
        return status;
    }
    s->base.setup_ns = now_ns() - start;
    *out = &s->base;
    return GABLE_OK;
}

static float *input(struct session *session, int i)
{
    struct row_session *s = row(session);
    s->is_dirty[i] = s->staged[i] != NULL;
    return s->staged[i] ? s->staged[i] : s->inputs[i].data;
}

static const float *output(struct session *session, int i)
{
    struct row_session *s = row(session);
    const struct value *v = general_output(s->general, i);
    int64_t n = tensor_elements(session->graph->outputs[i]);
    struct value to = {.kind = VALUE_TENSOR, .dtype = DTYPE_F32, .n = n, .data = s->given[i]};
    bool is_there = v->kind == VALUE_TENSOR && v->n == n;
    if (is_there && v->dtype == DTYPE_F32) return v->data;
    if (is_there) value_convert(v, &to);
    for (int64_t k = 0; k < n && !is_there; k++) s->given[i][k] = NAN;
    return s->given[i];
}

static void convert_inputs(struct row_session *s)
{
    for (int i = 0; i < s->base.graph->n_inputs; i++) {
        struct value *v = &s->inputs[i], from = {.kind = VALUE_TENSOR, .dtype = DTYPE_F32, .n = v->n};
        if (!s->is_dirty[i]) continue;
        bool is_real = v->dtype == DTYPE_F64 || v->dtype == DTYPE_F16 || v->dtype == DTYPE_BF16;
        for (int64_t k = 0; k < v->n && !is_real; k++) s->staged[i][k] = s->staged[i][k] > 0;
        from.data = s->staged[i];
        value_convert(&from, v);
        s->is_dirty[i] = false;
    }
}

/* A pass that fails, as no pass before did, leaves outputs absent: they are read as NaN. */
static void note_failure(struct row_session *s, gable_status status, gable_error *e)
{
    if (!status) status = check_outputs(s, e);
    if (status && !s->base.failure.status) s->base.failure = *e;
}

static void run_watched(struct row_session *s, struct general_watch *w)
{
    gable_error e = {0};
    convert_inputs(s);
    note_failure(s, general_run_watched(s->general, w, &e), &e);
}

static void run(struct session *session) { run_watched(row(session), NULL); }

static bool note_time(struct general_watch *w, const struct node *n, const struct tensor *t, const struct value *v)
{
    struct row_session *s = CONTAINER_OF(w, struct row_session, watch);
    double now = now_ns();
    (void)t;
    (void)v;
    s->group_ns[n->index] += now - s->last_ns;
    s->last_ns = now;
    return true;
}

static void run_timed(struct session *session, double *group_ns)
{
    struct row_session *s = row(session);
    memset(group_ns, 0, (size_t)s->base.n_groups * sizeof *group_ns);
    s->watch.made = note_time;
    s->group_ns = group_ns;
    s->last_ns = now_ns();
    run_watched(s, &s->watch);
}

static void run_traced(struct session *session, struct slice_log *logs)
{
    struct row_session *s = row(session);
    gable_error e = {0};
    convert_inputs(s);
    note_failure(s, general_run_traced(s->general, logs, &e), &e);
}

const struct engine engine_general = {
    .name = "general",
    .takes_given = true,
    .describe = describe,
    .plan_bytes = plan_bytes,
    .open = open_session,
    .input = input,
    .output = output,
    .run = run,
    .run_timed = run_timed,
    .run_traced = run_traced,
    .close = close_session,
};
