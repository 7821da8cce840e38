/* One training step, stage by stage. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <math.h>
#include <string.h>

static void run_stage(struct trainer_session *s, const struct stage *stage)
{
    const struct part_type *type = stage->part->type;
    part_work *work = stage->is_recomputed && type->again ? type->again : type->forward;
    if (stage->pass == PASS_DATA) work = type->data;
    if (stage->pass == PASS_WEIGHT) work = type->weight;
    work(s, stage->part);
}

/* The output as the caller reads it, before backward writes over it. */
static void show_output(struct trainer_session *s)
{
    const struct value *y = s->plan->output;
    long pixels = value_pixels(y);
    int vl = s->plan->vl;
    float *to = s->output;
    for (int n = 0; n < s->plan->batch; n++)
        for (int c = 0; c < y->channels; c++)
            for (long i = 0; i < pixels; i++)
                *to++ = value_now(s, y)[value_plane(s, y, n, c / vl) + (size_t)(i * vl + c % vl)];
}

static bool is_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}
static bool is_value_finite(const struct trainer_session *s, const struct value *v)
{
    int vl = s->plan->vl;
    for (int n = 0; n < s->plan->batch; n++)
        for (int c = 0; c < v->channels; c++) {
            const float *plane = value_now(s, v) + value_plane(s, v, n, c / vl);
            for (long i = 0; i < value_pixels(v); i++)
                if (!isfinite(plane[i * vl + c % vl])) return false;
        }
    return true;
}
/* Runs forward again, looking at each part's output: buffers are used by others later. */
static gable_status not_finite(struct trainer_session *s, gable_error *e)
{
    const struct graph *g = s->base.graph;
    unsigned long long step = (unsigned long long)s->base.steps_done + 1;
    for (int i = 0; i < g->n_inputs; i++)
        if (!is_finite(s->inputs[i], (size_t)tensor_elements(g->inputs[i])))
            return error_set(e, GABLE_FAILED, "step %llu: input %s holds a value that is not finite", step,
                             g->inputs[i]->name);
    for (int i = 0; i < g->n_tensors; i++)
        if (s->plan->parameter[i] != SIZE_MAX && !is_finite(parameter_at(s, i), (size_t)tensor_elements(g->tensors[i])))
            return error_set(e, GABLE_FAILED, "step %llu: weight %s is not finite; take a smaller rate", step,
                             g->tensors[i]->name);
    s->is_backward = false;
    for (int i = 0; i < s->plan->loss_stage; i++) {
        const struct part *p = s->plan->stages[i].part;
        run_stage(s, &s->plan->stages[i]);
        if (!is_value_finite(s, p->out))
            return error_set(e, GABLE_FAILED,
                             "step %llu: the loss is not finite; the first such value came from %s (%s); take a "
                             "smaller rate",
                             step, g->nodes[p->nodes[0]]->name, g->nodes[p->nodes[0]]->op_type);
    }
    return error_set(e, GABLE_FAILED, "step %llu: the loss is not finite though the output is; take a smaller rate",
                     step);
}

static gable_status check_labels(const struct trainer_session *s, gable_error *e)
{
    int classes = s->plan->output->channels;
    for (int i = 0; s->base.options.loss == LOSS_CROSS_ENTROPY && i < s->plan->batch; i++)
        if (s->labels[i] < 0 || s->labels[i] >= classes)
            return error_set(e, GABLE_BAD_INPUT, "label %d of image %d is not in 0..%d", (int)s->labels[i], i,
                             classes - 1);
    return GABLE_OK;
}

struct clocked { /* where times go: NULL: nowhere */
    double *stage_ns, last;
};
static void note(struct clocked *c, int stage)
{
    if (!c->stage_ns) return;
    double now = train_now_ns();
    c->stage_ns[stage] = now - c->last;
    c->last = now;
}
static void run_stages(struct trainer_session *s, int first, int last, struct clocked *c)
{
    for (int i = first; i < last; i++) {
        run_stage(s, &s->plan->stages[i]);
        note(c, i);
    }
}

gable_status session_step(struct trainer *t, bool is_updated, double *loss, double *stage_ns, gable_error *e)
{
    struct trainer_session *s = trainer_session(t);
    const struct train_plan *p = s->plan;
    gable_status status = check_labels(s, e);
    if (status) return status;
    crew_enter(s->crew);
    struct clocked c = {.stage_ns = stage_ns, .last = stage_ns ? train_now_ns() : 0};
    t->began_ns = c.last;
    s->is_backward = false;
    run_stages(s, 0, p->loss_stage, &c);
    *loss = loss_run(s);
    show_output(s);
    note(&c, p->loss_stage);
    if (!isfinite(*loss)) {
        status = not_finite(s, e);
    } else {
        s->is_backward = true;
        run_stages(s, p->loss_stage + 1, p->n_stages - 1, &c);
        if (is_updated) update_run(s);
        note(&c, p->n_stages - 1);
        s->base.steps_done += is_updated;
    }
    crew_leave(s->crew);
    return status;
}
