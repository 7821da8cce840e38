#include "engine/general/chain.h"
#include "engine/general/derived.h"

#include <string.h>

static const struct value nothing;

static struct value *place(struct program *p, const struct tensor *t)
{
    return p->slot_of[t->index] < 0 ? NULL : program_value(p, t);
}

gable_status program_load(struct runtime *r, struct program *p, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < p->graph->n_tensors && !s; i++) {
        const struct tensor *t = p->graph->tensors[i];
        if (!tensor_is_initializer(t) || !p->is_wanted[i]) continue;
        s = initializer_load(r->given, r->pool, p->graph, t, place(p, t), e);
        if (s) error_within(e, "initializer %.80s", t->name);
    }
    for (int i = 0; i < p->n_steps && !s; i++)
        for (struct program *b = p->steps[i].bodies; b && !s; b = b->next) s = program_load(r, b, e);
    return s;
}

void program_clear(struct program *p)
{
    for (int i = 0; i < p->graph->n_tensors; i++) {
        const struct tensor *t = p->graph->tensors[i];
        if (!tensor_is_initializer(t) && t->role != ROLE_INPUT && place(p, t)) value_release(place(p, t));
    }
}

static bool is_short(const struct value *v)
{
    return v->kind == VALUE_TENSOR && (v->dtype == DTYPE_F16 || v->dtype == DTYPE_BF16);
}

struct conversion {
    const struct value *from;
    struct value *to;
};
static void convert_part(void *arg, int64_t first, int64_t end)
{
    const struct conversion *k = arg;
    value_convert_range(k->from, k->to, first, end);
}

void call_convert(struct call *c, const struct value *from, struct value *to)
{
    struct conversion k = {from, to};
    call_parallel(c, to->n, 1 << 15, convert_part, &k);
}

/* Operands of 16 bits become f32; the type that results go back to, or undefined where nothing was short. */
static gable_status widen(struct call *c, const struct value **wide, enum dtype *back)
{
    for (int i = 0; i < c->n_in; i++) {
        const struct value *v = c->in[i];
        struct value *f32 = is_short(v) ? call_scratch(c, sizeof *f32) : NULL;
        wide[i] = v;
        if (!is_short(v)) continue;
        if (!f32) return error_set(c->e, GABLE_NO_MEMORY, "no memory for operands as f32");
        gable_status s = call_temporary(c, DTYPE_F32, v->rank, v->dim, f32);
        if (s) return s;
        call_convert(c, v, f32);
        wide[i] = f32;
        if (*back == DTYPE_UNDEFINED) *back = v->dtype;
    }
    c->in = wide;
    return GABLE_OK;
}

static gable_status narrow(struct call *c, enum dtype back)
{
    for (int i = 0; i < c->n_out; i++) {
        struct value *v = c->out[i], shorter;
        if (v->kind != VALUE_TENSOR || v->dtype != DTYPE_F32) continue;
        gable_status s = value_new(c->runtime->pool, back, v->rank, v->dim, &shorter, c->e);
        if (s) return s;
        call_convert(c, v, &shorter);
        value_release(v);
        *v = shorter;
    }
    return GABLE_OK;
}

static bool has_short(const struct call *c)
{
    for (int i = 0; i < c->n_in; i++)
        if (is_short(c->in[i])) return true;
    return false;
}

static gable_status run_kernel(struct call *c, const struct kernel *k)
{
    enum dtype back = DTYPE_UNDEFINED;
    for (int i = 0; i < c->n_in && !k->takes_sequences; i++) {
        if (c->in[i]->kind == VALUE_SEQUENCE) return call_refuse(c, "input %d is a sequence, not a tensor", i);
        if (c->in[i]->kind == VALUE_ABSENT && c->node->in[i]->role != ROLE_ABSENT)
            return call_refuse(c, "input %d is an empty optional, not a tensor", i);
    }
    if (!k->in_f32 || !has_short(c)) return k->run(c);
    const struct value **wide = call_scratch(c, (size_t)c->n_in * sizeof *wide);
    gable_status s = wide ? widen(c, wide, &back) : error_set(c->e, GABLE_NO_MEMORY, "no memory for operands as f32");
    if (!s) s = k->run(c);
    return s ? s : narrow(c, back);
}

/* Every output that somebody wants is there. */
static gable_status check_outputs(struct call *c)
{
    for (int i = 0; i < c->n_out; i++)
        if (c->out[i]->kind == VALUE_ABSENT && call_is_wanted(c, i) && c->node->out[i]->form < FORM_OPTIONAL)
            return error_set(c->e, GABLE_BAD_INPUT, "output %d is read by a node, and this operator did not make it",
                             i);
    return GABLE_OK;
}

static gable_status run_step(struct runtime *r, struct program *p, struct step *s, gable_error *e)
{
    const struct node *n = s->node;
    struct call c = {.node = n, .opset = r->opset, .n_in = n->n_in, .n_out = n->n_out, .in = p->in, .out = p->out};
    if (r->steps_left-- <= 0) return error_set(e, GABLE_BAD_INPUT, RUN_TOO_LONG);
    c.runtime = r;
    c.state = &s->state;
    c.e = e;
    int mark = call_mark(&c);
    for (int i = 0; i < n->n_in; i++) {
        const struct value *v = place(p, n->in[i]);
        p->in[i] = v ? v : &nothing;
    }
    for (int i = 0; i < n->n_out; i++) p->out[i] = place(p, n->out[i]);
    r->program = p;
    r->step = s;
    gable_status status = run_kernel(&c, s->kernel);
    call_end_since(&c, mark);
    r->program = p;
    r->step = s;
    return status ? status : check_outputs(&c);
}

static bool is_seen(struct runtime *r, struct program *p, const struct step *s)
{
    bool goes_on = true;
    for (int i = 0; i < s->node->n_out && r->watch && !p->parent; i++) {
        const struct tensor *t = s->node->out[i];
        if (place(p, t)->kind != VALUE_ABSENT) goes_on = r->watch->made(r->watch, s->node, t, place(p, t)) && goes_on;
    }
    return goes_on;
}

gable_status program_run(struct runtime *r, struct program *p, gable_error *e)
{
    for (int i = 0; i < p->n_steps; i++) {
        struct step *s = &p->steps[i];
        int chained = 0;
        gable_status status = chain_run(r, p, i, &chained, e);
        if (status) return status;
        if (chained) {
            i += chained - 1;
            continue;
        }
        status = run_step(r, p, s, e);
        if (status) return error_within(e, "node %.60s (%.40s)", s->node->name, s->node->op_type);
        if (!is_seen(r, p, s)) return GABLE_OK;
        for (int k = 0; k < s->n_ends; k++) value_release(&p->values[p->slot_of[s->ends[k]]]);
    }
    return GABLE_OK;
}
