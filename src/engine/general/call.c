/* What a kernel may ask for while its node runs. */
#include "engine/general/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool call_is_wanted(const struct call *c, int i)
{
    return i < c->n_out && c->runtime->program->is_wanted[c->node->out[i]->index];
}

bool call_is_constant(const struct call *c, int i)
{
    return i < c->n_in && c->runtime->program->is_constant[c->node->in[i]->index];
}

gable_status call_make(struct call *c, int i, enum dtype d, int rank, const int64_t *dim)
{
    if (i >= c->n_out) return error_set(c->e, GABLE_BAD_INPUT, "has %d outputs, output %d is made", c->n_out, i);
    value_release(c->out[i]);
    return value_new(c->runtime->pool, d, rank, dim, c->out[i], c->e);
}

gable_status call_like(struct call *c, int i, const struct value *like)
{
    return call_make(c, i, like->dtype, like->rank, like->dim);
}

void call_pass(struct call *c, int i, const struct value *v)
{
    struct value held;
    if (i >= c->n_out) return;
    value_share(v, &held);
    value_release(c->out[i]);
    *c->out[i] = held;
}

void call_view(struct call *c, int i, const struct value *v, int rank, const int64_t *dim)
{
    if (i >= c->n_out) return;
    call_pass(c, i, v);
    c->out[i]->rank = rank;
    memset(c->out[i]->dim, 0, sizeof c->out[i]->dim);
    for (int k = 0; k < rank; k++) c->out[i]->dim[k] = dim[k];
}

static bool keep_temporary(struct runtime *r, const struct value *v)
{
    if (r->n_temporaries == r->room_temporaries) {
        int room = r->room_temporaries ? 2 * r->room_temporaries : 16;
        struct value *more = realloc(r->temporaries, (size_t)room * sizeof *more);
        if (!more) return false;
        r->temporaries = more;
        r->room_temporaries = room;
    }
    r->temporaries[r->n_temporaries++] = *v;
    return true;
}

gable_status call_temporary(struct call *c, enum dtype d, int rank, const int64_t *dim, struct value *out)
{
    gable_status s = value_new(c->runtime->pool, d, rank, dim, out, c->e);
    if (s || keep_temporary(c->runtime, out)) return s;
    value_release(out);
    return error_set(c->e, GABLE_NO_MEMORY, "no memory for a temporary value");
}

void *call_scratch(struct call *c, size_t bytes)
{
    struct value v;
    gable_error why = {0};
    const int64_t n = (int64_t)bytes;
    if (bytes > INT64_MAX || value_new(c->runtime->pool, DTYPE_U8, 1, &n, &v, &why)) return NULL;
    if (keep_temporary(c->runtime, &v)) return v.data;
    value_release(&v);
    return NULL;
}

int call_mark(const struct call *c) { return c->runtime->n_temporaries; }

void call_end_since(struct call *c, int mark)
{
    struct runtime *r = c->runtime;
    while (r->n_temporaries > mark) value_release(&r->temporaries[--r->n_temporaries]);
}

gable_status call_refuse(struct call *c, const char *why, ...)
{
    char text[sizeof c->e->why];
    va_list args;
    va_start(args, why);
    vsnprintf(text, sizeof text, why, args);
    va_end(args);
    return error_set(c->e, GABLE_BAD_INPUT, "%s", text);
}

struct sharing { /* one call_parallel */
    call_work *work;
    void *arg;
    int64_t n, pieces;
};

static void run_piece(void *arg, int part, int parts)
{
    const struct sharing *s = arg;
    (void)parts;
    if (part >= s->pieces) return;
    int64_t each = s->n / s->pieces, more = s->n % s->pieces, first = part * each + (part < more ? part : more);
    s->work(s->arg, first, first + each + (part < more));
}

void call_parallel(struct call *c, int64_t n, int64_t grain, call_work *work, void *arg)
{
    struct runtime *r = c->runtime;
    int64_t pieces = n / (grain > 0 ? grain : 1), threads = call_threads(c);
    if (pieces > threads) pieces = threads;
    if (n <= 0) return;
    if (pieces < 2 || r->is_parallel) {
        work(arg, 0, n);
        return;
    }
    struct sharing s = {work, arg, n, pieces};
    r->is_parallel = true;
    crew_run(r->crew, run_piece, &s);
    r->is_parallel = false;
}

int call_threads(const struct call *c) { return c->runtime->crew ? crew_size(c->runtime->crew) : 1; }

/* splitmix64 [Steele, Lea, Flood 2014]. */
uint64_t call_random(struct call *c)
{
    uint64_t x = c->runtime->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* What the body takes from around it, and its inputs. */
static void hand_over(struct program *outer, struct program *p, int n_in, const struct value *in)
{
    const struct graph *g = p->graph;
    for (int i = 0; i < g->n_captures; i++)
        if (p->slot_of[g->captures[i].inner->index] >= 0)
            value_share(program_value(outer, g->captures[i].outer), program_value(p, g->captures[i].inner));
    for (int i = 0; i < n_in; i++) value_share(&in[i], program_value(p, g->inputs[i]));
}

static void clear_all(struct program *p)
{
    program_clear(p);
    for (int i = 0; i < p->graph->n_inputs; i++) value_release(program_value(p, p->graph->inputs[i]));
}

gable_status call_body(struct call *c, struct graph *body, int n_in, const struct value *in, int n_out,
                       struct value *out)
{
    struct runtime *r = c->runtime;
    struct program *outer = r->program, *p = r->step->bodies;
    struct step *step = r->step;
    while (p && p->graph != body) p = p->next;
    if (!p) return error_set(c->e, GABLE_BAD_INPUT, "a body that is not this node's");
    if (n_in != body->n_inputs || n_out > body->n_outputs)
        return error_set(c->e, GABLE_BAD_INPUT, "the body has %d inputs and %d outputs, %d and %d are needed",
                         body->n_inputs, body->n_outputs, n_in, n_out);
    if (r->steps_left-- <= 0) return error_set(c->e, GABLE_BAD_INPUT, RUN_TOO_LONG);
    hand_over(outer, p, n_in, in);
    gable_status s = program_run(r, p, c->e);
    for (int i = 0; i < n_out; i++) {
        if (s)
            out[i] = (struct value){0};
        else
            value_share(program_value(p, body->outputs[i]), &out[i]);
    }
    clear_all(p);
    r->program = outer;
    r->step = step;
    return s;
}

bool call_axis(int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank) return false;
    *out = (int)(axis < 0 ? axis + rank : axis);
    return true;
}
