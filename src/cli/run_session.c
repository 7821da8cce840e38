/* gable run: what computes the model, chosen for one pass: nothing is timed, no algorithm trades accuracy for speed. */
#include "base/input.h"
#include "cli/run.h"
#include "engine/engine.h"
#include "ops/ops.h"
#include "passes/passes.h"

#include <string.h>

static bool is_watched(const struct run_request *r) { return r->until || r->wants_dump; }

static const struct general_values *values_of(const struct run_model *m)
{
    return m->read ? initializers_values(m->read) : &m->drawn.base;
}

static void end(struct run_model *m)
{
    general_close(m->general);
    if (m->planned) m->planned->engine->close(m->planned);
    graph_free(m->cleaned);
    m->general = NULL;
    m->planned = NULL;
    m->cleaned = NULL;
}

void run_close(struct run_model *m)
{
    end(m);
    weights_free(m->seeded);
    initializers_close(m->read);
    graph_free(m->graph);
    pool_free(m->pool);
}

static bool is_free(const struct tensor *t)
{
    bool is_known = t->has_shape;
    for (int i = 0; i < t->shape.rank && is_known; i++) is_known = t->shape.dim[i] >= 0;
    return !is_known;
}

/* What --shape says, and the shapes of what is given where the file leaves them free; false where they are too many. */
static bool shapes_of(const struct run_request *r, const struct graph *g, const struct run_given *given,
                      struct model_shapes *out)
{
    *out = r->shapes;
    for (int i = 0; i < g->n_inputs; i++) {
        const struct value *v = &given[i].value;
        if (v->kind != VALUE_TENSOR || !is_free(g->inputs[i])) continue;
        if (out->n == ONNX_SHAPES_MAX) return false;
        struct onnx_shape *s = &out->at[out->n++];
        *s =
            (struct onnx_shape){.name = g->inputs[i]->name, .length = (int)strlen(g->inputs[i]->name), .rank = v->rank};
        memcpy(s->dim, v->dim, (size_t)v->rank * sizeof *s->dim);
    }
    return true;
}

static gable_status read_in(const struct run_request *r, const struct run_model *m, const struct model_shapes *shapes,
                            struct onnx_frees *frees, struct graph **out, gable_error *e)
{
    bool has_shape = shapes->n && !shapes->at[0].is_dimension; /* its first dimension is the batch */
    const struct onnx_options o = {.batch = r->zoo.batch || has_shape ? r->zoo.batch : 1,
                                   .height = r->zoo.height,
                                   .width = r->zoo.width,
                                   .n_shapes = shapes->n,
                                   .shapes = shapes->at,
                                   .frees = frees,
                                   .keeps_free = true};
    return onnx_read(m->path, &o, out, e);
}

gable_status run_bind(const struct run_request *r, const struct run_model *m, const struct run_given *given,
                      struct graph **out, gable_error *e)
{
    struct model_shapes shapes;
    bool is_known = true;
    *out = NULL;
    for (int i = 0; i < m->graph->n_inputs; i++) is_known &= !is_free(m->graph->inputs[i]);
    if (!m->read || is_known || !shapes_of(r, m->graph, given, &shapes)) return GABLE_OK;
    return read_in(r, m, &shapes, NULL, out, e);
}

gable_status run_ask(const struct run_request *r, const struct run_model *m, const struct run_given *given,
                     gable_error *e)
{
    struct model_shapes shapes;
    struct onnx_frees frees = {0};
    struct graph *g = NULL;
    if (!shapes_of(r, m->graph, given, &shapes)) shapes = r->shapes;
    gable_status s = read_in(r, m, &shapes, &frees, &g, e);
    graph_free(g);
    if (s) return s;
    return run_in_model(m, error_set(e, GABLE_USAGE, "%s, or give files by --input", frees.said), e);
}

/* A file again, in the shapes of this run and cleaned up. Where that is refused, the graph itself runs, and says why if
   it cannot either. */
static void clean(const struct run_request *r, struct run_model *m)
{
    struct rewrites rewrites;
    gable_error unsaid = {0};
    if (!m->read) return;
    gable_status s = read_in(r, m, &m->shapes, NULL, &m->cleaned, &unsaid);
    if (!s) s = ops_infer(m->cleaned, &unsaid);
    if (!s) s = passes_run(m->cleaned, &rewrites, &unsaid);
    if (!s) return;
    graph_free(m->cleaned);
    m->cleaned = NULL;
}

static const struct graph *graph_of(const struct run_model *m) { return m->cleaned ? m->cleaned : m->graph; }

/* Winograd is left out: it rounds more, and transforms weights for a single pass. */
static gable_status plan(const struct run_request *r, struct run_model *m, gable_error *e)
{
    const struct engine_options o = {.threads = r->threads, .winograd = WINOGRAD_FORBID};
    const struct graph *g = graph_of(m);
    size_t bytes = 0;
    struct weights *w = NULL;
    gable_status s = engine_cpu.plan_bytes(g, cli_cpus(), &o, &bytes, e);
    if (!s && m->read) s = weights_given(g, values_of(m), true, &w, e);
    if (!s) s = engine_cpu.open(g, m->read ? w : m->seeded, cli_cpus(), &o, &m->planned, e);
    weights_free(w);
    return s;
}

static gable_status open_general(const struct run_request *r, struct run_model *m, gable_error *e)
{
    const struct general_options o = {.threads = r->threads, .seed = (uint64_t)r->seed};
    return general_open(graph_of(m), values_of(m), cli_cpus(), &o, &m->general, e);
}

static gable_status give(struct run_model *m, const struct run_given *given, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < m->graph->n_inputs && !s; i++) {
        const struct value *v = &given[i].value;
        if (m->planned)
            memcpy(m->planned->engine->input(m->planned, i), v->data, (size_t)v->n * sizeof(float));
        else
            s = general_set_input(m->general, i, v, e);
    }
    return s;
}

static bool same_shapes(const struct model_shapes *a, const struct model_shapes *b)
{
    bool same = a->n == b->n;
    for (int i = 0; i < a->n && same; i++)
        same = a->at[i].name == b->at[i].name && a->at[i].rank == b->at[i].rank &&
               !memcmp(a->at[i].dim, b->at[i].dim, (size_t)a->at[i].rank * sizeof a->at[i].dim[0]);
    return same;
}

gable_status run_in_model(const struct run_model *m, gable_status s, gable_error *e)
{
    return s && m->path[0] ? error_within(e, "%s", input_name(m->path)) : s;
}

gable_status run_prepare(const struct run_request *r, struct run_model *m, const struct run_given *given,
                         gable_error *e)
{
    struct model_shapes shapes;
    gable_error refusal = {0};
    gable_status s = GABLE_OK;
    bool fits = shapes_of(r, m->graph, given, &shapes), is_open = m->planned || m->general;
    if (is_open && fits && same_shapes(&shapes, &m->shapes)) return give(m, given, e);
    end(m);
    m->shapes = shapes;
    if (!is_watched(r) && fits) clean(r, m);
    if (is_watched(r) || plan(r, m, &refusal)) s = run_in_model(m, open_general(r, m, e), e);
    return s ? s : give(m, given, e);
}

gable_status run_pass(struct run_model *m, struct general_watch *w, gable_error *e)
{
    if (m->general) return run_in_model(m, general_run_watched(m->general, w, e), e);
    m->planned->engine->run(m->planned);
    return GABLE_OK;
}

gable_status run_output(struct run_model *m, int i, struct value *out, gable_error *e)
{
    if (m->general) {
        value_share(general_output(m->general, i), out);
        return GABLE_OK;
    }
    const struct tensor *t = m->planned->graph->outputs[i];
    gable_status s = value_new(m->pool, DTYPE_F32, t->shape.rank, t->shape.dim, out, e);
    if (!s) memcpy(out->data, m->planned->engine->output(m->planned, i), (size_t)out->n * sizeof(float));
    return s;
}
