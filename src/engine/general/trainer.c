/* Training of any differentiable graph: its step as a graph (gradient/step.h) run node by node; then the update. */
#include "engine/cpu/memory.h"
#include "engine/crew.h"
#include "engine/general/general.h"
#include "engine/general/seeded.h"
#include "engine/train/train.h"
#include "engine/train/update.h"
#include "gradient/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECE = 16, SIDE = 4 }; /* floats that the update takes at once; kinds of values that a tensor has */
struct general_trainer {
    struct trainer base;
    struct step step;
    struct general *general;
    struct seeded_values drawn;
    size_t n_floats, n_trained; /* of parameters; of those that are trained, the first ones */
    size_t *place;              /* per tensor of the model: where it lies in the parameters; SIZE_MAX: nowhere */
    float *side[SIDE];          /* by trainer_value */
    float **inputs;             /* of the model, as floats */
    struct value *given;        /* every input of the step; those of the model that are no f32 have storage */
    int32_t *labels;
    float *targets, *output;
    int64_t *wide_labels;
    struct trainer_stage *stages; /* one a node, then the update */
    struct general_watch watch;
    double *stage_ns, last_ns;
    const struct node *first_bad; /* whose value was the first that is not finite */
};
static struct general_trainer *of(struct trainer *t) { return CONTAINER_OF(t, struct general_trainer, base); }

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static gable_status no_memory(gable_error *e) { return error_set(e, GABLE_NO_MEMORY, "no memory for a trainer"); }

static gable_status check_model(const struct graph *g, const struct step *s, gable_error *e)
{
    if (g->n_inputs < 1 || g->inputs[0]->shape.rank < 1 || g->inputs[0]->shape.dim[0] < 1)
        return error_set(e, GABLE_BAD_INPUT, "it has no input with a batch");
    for (int i = 0; i < s->graph->n_inputs; i++) {
        const struct tensor *t = s->graph->inputs[i];
        bool is_own = i >= g->n_inputs && i != s->target;
        if (t->form != FORM_TENSOR || !value_element_bytes(t->dtype))
            return error_set(e, GABLE_BAD_INPUT, "the input '%.80s' is no tensor of numbers", t->name);
        if (is_own && t->dtype != DTYPE_F32)
            return error_set(e, GABLE_BAD_INPUT, "the weight %.80s is %s, weights are trained as f32", t->name,
                             dtype_name(t->dtype));
    }
    const struct shape *target = &s->graph->inputs[s->target]->shape;
    if (target->rank == 0 || target->dim[0] != g->inputs[0]->shape.dim[0])
        return error_set(e, GABLE_BAD_INPUT, "the output has %lld rows for a batch of %lld",
                         (long long)(target->rank ? target->dim[0] : 1), (long long)g->inputs[0]->shape.dim[0]);
    const struct node *missing = general_missing(s->graph);
    if (!missing) return GABLE_OK;
    error_set(e, GABLE_BAD_INPUT, "no kernel runs it");
    return error_within(e, "node %.80s (%.40s)", missing->name, missing->op_type);
}

static gable_status make_step(const struct graph *g, const struct trainer_options *o, struct step *out, gable_error *e)
{
    const struct step_options options = {.is_squared = o->loss == LOSS_MSE, .frozen = o->frozen};
    gable_status s = step_new(g, &options, out, e);
    if (!s) s = check_model(g, out, e);
    return s ? error_within(e, "%s", g->name) : GABLE_OK;
}

static size_t rounded(count n) { return ((size_t)n + PIECE - 1) / PIECE * PIECE; }

static size_t floats_of(const struct step *s, const struct step_state *list, int n)
{
    size_t sum = 0;
    for (int i = 0; i < n; i++) sum += rounded(tensor_elements(s->graph->inputs[list[i].input]));
    return sum;
}

static int n_states(enum optimizer o) { return o == OPTIMIZER_SGD ? 0 : o == OPTIMIZER_MOMENTUM ? 1 : 2; }

/* Forward's values that backward reads. */
static count saved_bytes(const struct step *s)
{
    const struct graph *g = s->graph;
    count sum = 0;
    bool *is_saved = calloc((size_t)g->n_tensors + 1, sizeof *is_saved);
    for (int i = s->n_forward; is_saved && i < g->n_nodes; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++) {
            const struct tensor *t = g->nodes[i]->in[k];
            if (!t->producer || t->producer->index >= s->n_forward || is_saved[t->index]) continue;
            is_saved[t->index] = true;
            sum = count_add(sum, tensor_bytes(t));
        }
    free(is_saved);
    return sum;
}

static gable_status measure(const struct graph *g, const struct step *s, const struct trainer_options *o,
                            struct trainer_memory *out, gable_error *e)
{
    struct analysis *a = NULL;
    gable_status status = analysis_new(s->graph, NULL, &a, e);
    if (status) return status;
    size_t trained = floats_of(s, s->trained, s->n_trained), running = floats_of(s, s->running, s->n_running);
    size_t peak = (size_t)a->memory.peak_live, saved = (size_t)saved_bytes(s), edges = 0;
    size_t batch = (size_t)g->inputs[0]->shape.dim[0], limit = trainer_limit(o);
    for (int i = 0; i < g->n_inputs; i++) edges += (size_t)tensor_bytes(g->inputs[i]);
    edges += 2 * (size_t)tensor_bytes(g->outputs[0]);
    saved = saved < peak ? saved : peak;
    *out = (struct trainer_memory){.weights = (trained + running) * sizeof(float) + (size_t)a->memory.weights,
                                   .gradients = trained * sizeof(float),
                                   .optimizer = (size_t)n_states(o->optimizer) * trained * sizeof(float),
                                   .saved = saved,
                                   .working = peak - saved,
                                   .edges = edges};
    size_t fixed = out->weights + out->gradients + out->optimizer, each = (peak + edges) / batch + 1;
    out->total = fixed + peak + edges;
    out->batch_most = limit > fixed && (limit - fixed) / each < INT32_MAX ? (int)((limit - fixed) / each) : 0;
    analysis_free(a);
    return GABLE_OK;
}

static gable_status plan(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                         struct trainer_memory *out, gable_error *e)
{
    struct step s = {0};
    (void)cpus;
    gable_status status = make_step(g, o, &s, e);
    if (!status) status = measure(g, &s, o, out, e);
    step_release(&s);
    return status;
}

static float *zeros(size_t n)
{
    float *p = memory_floats(n + PIECE);
    if (p) memset(p, 0, (n + PIECE) * sizeof *p);
    return p;
}

/* A value over memory that is the trainer's. */
static struct value over(const struct tensor *t, void *data)
{
    struct value v = {.kind = VALUE_TENSOR, .dtype = t->dtype, .rank = t->shape.rank, .n = tensor_elements(t)};
    memcpy(v.dim, t->shape.dim, (size_t)t->shape.rank * sizeof *v.dim);
    v.data = data;
    return v;
}

static gable_status place_states(struct general_trainer *t, const struct weights *w, const struct step_state *list,
                                 int n, gable_error *e)
{
    for (int i = 0; i < n; i++) {
        const struct tensor *x = t->step.graph->inputs[list[i].input];
        const float *from = w->value ? w->value[list[i].tensor] : NULL;
        float *to = t->side[VALUE_WEIGHT] + t->n_floats;
        if (!from) return error_set(e, GABLE_BAD_INPUT, "the weight %.80s has no values", x->name);
        memcpy(to, from, (size_t)tensor_elements(x) * sizeof *to);
        t->place[list[i].tensor] = t->n_floats;
        t->given[list[i].input] = over(x, to);
        t->n_floats += rounded(tensor_elements(x));
    }
    return GABLE_OK;
}

static gable_status allocate(struct general_trainer *t, gable_error *e)
{
    const struct graph *model = t->base.graph, *g = t->step.graph;
    size_t trained = floats_of(&t->step, t->step.trained, t->step.n_trained);
    size_t all = trained + floats_of(&t->step, t->step.running, t->step.n_running);
    const int states = n_states(t->base.options.optimizer);
    size_t outputs = (size_t)tensor_elements(model->outputs[0]);
    t->side[VALUE_WEIGHT] = zeros(all);
    t->side[VALUE_GRADIENT] = zeros(trained);
    if (states > 0) t->side[VALUE_FIRST] = zeros(trained);
    if (states > 1) t->side[VALUE_SECOND] = zeros(trained);
    t->place = calloc((size_t)model->n_tensors + 1, sizeof *t->place);
    t->inputs = calloc((size_t)model->n_inputs + 1, sizeof *t->inputs);
    t->given = calloc((size_t)g->n_inputs + 1, sizeof *t->given);
    t->labels = calloc((size_t)t->base.batch + 1, sizeof *t->labels);
    t->wide_labels = calloc((size_t)t->base.batch + 1, sizeof *t->wide_labels);
    t->targets = zeros(outputs);
    t->output = zeros(outputs);
    t->stages = calloc((size_t)g->n_nodes + 1, sizeof *t->stages);
    for (int v = 0; v < 2 + states; v++)
        if (!t->side[v]) return no_memory(e);
    if (!t->place || !t->inputs || !t->given || !t->labels || !t->wide_labels || !t->targets || !t->output ||
        !t->stages)
        return no_memory(e);
    for (int i = 0; i < model->n_tensors; i++) t->place[i] = SIZE_MAX;
    t->n_trained = trained;
    return GABLE_OK;
}

static gable_status make_inputs(struct general_trainer *t, gable_error *e)
{
    const struct graph *g = t->step.graph;
    gable_status s = GABLE_OK;
    for (int i = 0; i < t->base.graph->n_inputs && !s; i++) {
        t->inputs[i] = zeros((size_t)tensor_elements(g->inputs[i]));
        if (!t->inputs[i]) return no_memory(e);
        if (g->inputs[i]->dtype == DTYPE_F32)
            t->given[i] = over(g->inputs[i], t->inputs[i]);
        else
            s = value_new(general_pool(t->general), g->inputs[i]->dtype, g->inputs[i]->shape.rank,
                          g->inputs[i]->shape.dim, &t->given[i], e);
    }
    bool is_squared = t->base.options.loss == LOSS_MSE;
    t->given[t->step.target] =
        over(g->inputs[t->step.target], is_squared ? (void *)t->targets : (void *)t->wide_labels);
    for (int i = 0; i < g->n_inputs && !s; i++) s = general_set_input(t->general, i, &t->given[i], e);
    return s;
}

/* A node of backward whose result only its own operator's part reads makes the gradient of a weight. */
static void set_passes(struct general_trainer *t)
{
    const struct step *s = &t->step;
    const struct graph *g = s->graph;
    for (int i = 0; i < g->n_nodes; i++) {
        bool is_loss = i >= s->n_forward && (s->source[i] < 0 || s->source[i] >= s->n_forward);
        t->stages[i].pass = i < s->n_forward || is_loss ? PASS_FORWARD : PASS_WEIGHT;
    }
    for (int i = g->n_nodes - 1; i >= s->n_forward; i--)
        for (int k = 0; k < g->nodes[i]->n_in; k++) {
            const struct node *from = g->nodes[i]->in[k]->producer;
            if (!from || t->stages[from->index].pass == PASS_FORWARD) continue;
            if (s->source[from->index] != s->source[i] || t->stages[i].pass == PASS_DATA)
                t->stages[from->index].pass = PASS_DATA;
        }
}

static void describe(struct general_trainer *t)
{
    const struct graph *g = t->step.graph;
    set_passes(t);
    for (int i = 0; i < g->n_nodes; i++) {
        int from = t->step.source[i];
        const struct node *n = from >= 0 ? g->nodes[from] : g->nodes[i];
        struct trainer_stage *stage = &t->stages[i];
        stage->name = n->name;
        stage->kernel = g->nodes[i]->op_type;
        stage->kind = op_kind_of(n);
    }
    t->stages[g->n_nodes] =
        (struct trainer_stage){.name = "update", .kernel = "general", .pass = PASS_UPDATE, .kind = KIND_OTHER};
    t->base.n_stages = g->n_nodes + 1;
    t->base.stages = t->stages;
}

static gable_status start(struct general_trainer *t, const struct weights *w, const struct cpus *cpus, gable_error *e)
{
    const struct general_options how = {.threads = t->base.options.threads};
    t->drawn = seeded_values(w);
    gable_status s = allocate(t, e);
    if (!s) s = place_states(t, w, t->step.trained, t->step.n_trained, e);
    if (!s) s = place_states(t, w, t->step.running, t->step.n_running, e);
    if (!s) s = general_open(t->step.graph, w->given ? w->given : &t->drawn.base, cpus, &how, &t->general, e);
    if (!s) s = make_inputs(t, e);
    if (s) return s;
    describe(t);
    t->base.threads = crew_size(general_crew(t->general));
    t->base.tids = crew_tids(general_crew(t->general));
    t->base.cpus = crew_cpus(general_crew(t->general));
    return GABLE_OK;
}

static void close_trainer(struct trainer *trainer)
{
    struct general_trainer *t = of(trainer);
    for (int i = 0; t->given && i < t->step.graph->n_inputs; i++) value_release(&t->given[i]);
    for (int i = 0; t->inputs && i < t->base.graph->n_inputs; i++) free(t->inputs[i]);
    general_close(t->general);
    step_release(&t->step);
    for (int v = 0; v < SIDE; v++) free(t->side[v]);
    free(t->place);
    free(t->inputs);
    free(t->given);
    free(t->labels);
    free(t->wide_labels);
    free(t->targets);
    free(t->output);
    free(t->stages);
    free(t);
}

static gable_status check_memory(const struct graph *g, const struct trainer_options *o, const struct trainer_memory *m,
                                 gable_error *e)
{
    size_t limit = trainer_limit(o);
    double gib = 1 << 30;
    if (m->total <= limit) return GABLE_OK;
    return error_set(e, GABLE_NO_MEMORY,
                     "%s: a training step takes %.2f GiB at batch %lld, %.2f GiB are free; the largest batch that fits "
                     "is %d",
                     g->name, (double)m->total / gib, (long long)g->inputs[0]->shape.dim[0], (double)limit / gib,
                     m->batch_most);
}

static gable_status check(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                          gable_error *e)
{
    struct trainer_memory m = {0};
    gable_status s = plan(g, cpus, o, &m, e);
    return s ? s : check_memory(g, o, &m, e);
}

static gable_status open_trainer(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                                 const struct trainer_options *o, struct trainer **out, gable_error *e)
{
    double from = now_ns();
    struct general_trainer *t = calloc(1, sizeof *t);
    const struct train_kernels *kernels = train_kernels_for(o->isa);
    if (!t) return no_memory(e);
    t->base = (struct trainer){.engine = &trainer_general, .graph = g, .options = *o};
    trainer_defaults(&t->base.options);
    gable_status s = kernels ? make_step(g, o, &t->step, e)
                             : error_set(e, GABLE_BAD_INPUT, "this machine cannot run %s", isa_name(o->isa));
    if (!s) s = measure(g, &t->step, o, &t->base.memory, e);
    if (!s) {
        t->base.batch = (int)g->inputs[0]->shape.dim[0];
        t->base.isa = kernels->isa;
        s = check_memory(g, o, &t->base.memory, e);
    }
    if (!s) s = start(t, w, cpus, e);
    if (s) {
        close_trainer(&t->base);
        return s;
    }
    t->base.setup_ns = now_ns() - from;
    *out = &t->base;
    return GABLE_OK;
}

static float *input(struct trainer *t, int i) { return of(t)->inputs[i]; }
static int32_t *labels(struct trainer *t) { return of(t)->labels; }
static float *targets(struct trainer *t) { return of(t)->targets; }
static const float *output(struct trainer *t) { return of(t)->output; }

static float *values(struct trainer *trainer, enum trainer_value v, int tensor)
{
    struct general_trainer *t = of(trainer);
    size_t at = tensor >= 0 && tensor < trainer->graph->n_tensors ? t->place[tensor] : SIZE_MAX;
    if (at == SIZE_MAX || !t->side[v] || (v != VALUE_WEIGHT && at >= t->n_trained)) return NULL;
    return t->side[v] + at;
}

/* Labels, and inputs that are no f32. */
static gable_status convert(struct general_trainer *t, gable_error *e)
{
    int64_t classes = t->base.graph->outputs[0]->shape.dim[t->base.graph->outputs[0]->shape.rank - 1];
    for (int i = 0; t->base.options.loss == LOSS_CROSS_ENTROPY && i < t->base.batch; i++) {
        if (t->labels[i] < 0 || t->labels[i] >= classes)
            return error_set(e, GABLE_BAD_INPUT, "label %d of image %d is not in 0..%lld", (int)t->labels[i], i,
                             (long long)classes - 1);
        t->wide_labels[i] = t->labels[i];
    }
    for (int i = 0; i < t->base.graph->n_inputs; i++) {
        struct value from = {.kind = VALUE_TENSOR, .dtype = DTYPE_F32, .n = t->given[i].n, .data = t->inputs[i]};
        if (t->given[i].dtype != DTYPE_F32) value_convert(&from, &t->given[i]);
    }
    return GABLE_OK;
}

static bool is_finite(const struct value *v)
{
    bool is_float = v->kind == VALUE_TENSOR && v->dtype == DTYPE_F32;
    for (int64_t i = 0; is_float && i < v->n; i++)
        if (!isfinite(((const float *)v->data)[i])) return false;
    return true;
}

static bool find_bad(struct general_watch *w, const struct node *n, const struct tensor *t, const struct value *v)
{
    struct general_trainer *trainer = CONTAINER_OF(w, struct general_trainer, watch);
    (void)t;
    if (n->index < trainer->step.n_forward && is_finite(v)) return true;
    if (n->index < trainer->step.n_forward) trainer->first_bad = n;
    return false;
}

static bool note_time(struct general_watch *w, const struct node *n, const struct tensor *t, const struct value *v)
{
    struct general_trainer *trainer = CONTAINER_OF(w, struct general_trainer, watch);
    double now = now_ns();
    (void)t;
    (void)v;
    trainer->stage_ns[n->index] += now - trainer->last_ns;
    trainer->last_ns = now;
    return true;
}

/* The same step again, watched. */
static gable_status not_finite(struct general_trainer *t, gable_error *e)
{
    unsigned long long step = (unsigned long long)t->base.steps_done + 1;
    gable_error ignored = {0};
    t->watch.made = find_bad;
    t->first_bad = NULL;
    general_run_watched(t->general, &t->watch, &ignored);
    if (!t->first_bad)
        return error_set(e, GABLE_FAILED, "step %llu: the loss is not finite though the output is; take a smaller rate",
                         step);
    return error_set(e, GABLE_FAILED,
                     "step %llu: the loss is not finite; the first such value came from %s (%s); take a smaller rate",
                     step, t->first_bad->name, t->first_bad->op_type);
}

static void update_part(void *arg, int part, int parts)
{
    struct general_trainer *t = arg;
    struct update_rule rule = update_rule_of(&t->base);
    size_t pieces = t->n_trained / PIECE, first = pieces * (size_t)part / (size_t)parts * PIECE,
           end = pieces * (size_t)(part + 1) / (size_t)parts * PIECE;
    float *const *side = t->side;
    if (end > first)
        train_kernels_for(t->base.isa)
            ->update(&rule, (long)(end - first), side[VALUE_WEIGHT] + first, side[VALUE_GRADIENT] + first,
                     side[VALUE_FIRST] ? side[VALUE_FIRST] + first : NULL,
                     side[VALUE_SECOND] ? side[VALUE_SECOND] + first : NULL);
}

static void take(struct general_trainer *t, const struct step_state *list, int n, enum trainer_value side)
{
    for (int i = 0; i < n; i++) {
        const struct value *v = general_output(t->general, list[i].output);
        memcpy(t->side[side] + t->place[list[i].tensor], v->data, (size_t)v->n * sizeof(float));
    }
}

/* What the step gave: sizes were known, so only a graph that lies about its shapes differs. */
static gable_status check_outputs(const struct general_trainer *t, gable_error *e)
{
    const struct graph *g = t->step.graph;
    for (int i = 0; i < g->n_outputs; i++) {
        const struct value *v = general_output(t->general, i);
        bool is_needed = i == 0 || i >= t->step.loss - 2 * t->step.n_running;
        if (is_needed && (v->kind != VALUE_TENSOR || v->n != tensor_elements(g->outputs[i]) || v->dtype != DTYPE_F32))
            return error_set(e, GABLE_BAD_INPUT, "%.80s has another size than its shape says", g->outputs[i]->name);
    }
    return GABLE_OK;
}

static gable_status step(struct trainer *trainer, bool is_updated, double *loss, double *stage_ns, gable_error *e)
{
    struct general_trainer *t = of(trainer);
    gable_status s = convert(t, e);
    if (s) return s;
    t->watch.made = note_time;
    t->stage_ns = stage_ns;
    if (stage_ns) memset(stage_ns, 0, (size_t)trainer->n_stages * sizeof *stage_ns);
    t->last_ns = trainer->began_ns = now_ns();
    general_set_seed(t->general, trainer->options.seed + trainer->steps_done * UINT64_C(0x9e3779b97f4a7c15));
    s = general_run_watched(t->general, stage_ns ? &t->watch : NULL, e);
    if (!s) s = check_outputs(t, e);
    if (s) return s;
    *loss = value_real(general_output(t->general, t->step.loss), 0);
    const struct value *y = general_output(t->general, 0);
    memcpy(t->output, y->data, (size_t)y->n * sizeof(float));
    if (!isfinite(*loss)) return not_finite(t, e);
    take(t, t->step.trained, t->step.n_trained, VALUE_GRADIENT);
    if (is_updated) {
        struct crew *crew = general_crew(t->general);
        crew_enter(crew);
        crew_run(crew, update_part, t);
        crew_leave(crew);
        take(t, t->step.running, t->step.n_running, VALUE_WEIGHT);
        trainer->steps_done++;
    }
    if (stage_ns) stage_ns[trainer->n_stages - 1] = now_ns() - t->last_ns;
    return GABLE_OK;
}

const struct trainer_engine trainer_general = {
    .name = "general",
    .plan = plan,
    .check = check,
    .open = open_trainer,
    .close = close_trainer,
    .input = input,
    .labels = labels,
    .targets = targets,
    .output = output,
    .step = step,
    .values = values,
};
