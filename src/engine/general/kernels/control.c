/* If, Loop: bodies that run as often as data say. */
#include "engine/general/kernels/bodies.h"
#include "engine/general/kernels/stack.h"
#include "engine/general/tables.h"

#include <inttypes.h>

struct graph *body_of(const struct call *c, const char *name)
{
    const struct attribute *a = node_attribute(c->node, name);
    return a && a->type == ATTRIBUTE_GRAPH ? a->graph : NULL;
}

void values_release(struct value *v, int64_t n)
{
    for (int64_t i = 0; v && i < n; i++) value_release(&v[i]);
}

gable_status values_absent(struct call *c, int64_t n, struct value **out)
{
    *out = call_scratch(c, (size_t)(n + 1) * sizeof **out);
    if (!*out) return error_set(c->e, GABLE_NO_MEMORY, "no memory for %" PRId64 " values of a body", n);
    for (int64_t i = 0; i <= n; i++) (*out)[i] = (struct value){0};
    return GABLE_OK;
}

static gable_status run_if(struct call *c)
{
    const struct value *condition = c->in[0];
    if (!call_has_one(c, 0)) return call_refuse(c, "the condition is not one value");
    struct graph *body = body_of(c, value_int(condition, 0) ? "then_branch" : "else_branch");
    if (!body) return call_refuse(c, "lacks a branch");
    if (body->n_outputs != c->n_out)
        return call_refuse(c, "a branch gives %d values, the node %d", body->n_outputs, c->n_out);
    struct value *made;
    gable_status s = values_absent(c, c->n_out, &made);
    if (!s) s = call_body(c, body, 0, NULL, c->n_out, made);
    for (int i = 0; i < c->n_out && !s; i++) call_pass(c, i, &made[i]);
    values_release(made, c->n_out);
    return s;
}

struct loop {
    struct call *c;
    struct graph *body;
    int n_carried, n_stacked;
    int64_t trips, done; /* at most, so far */
    bool goes_on;
    struct value *in, *out; /* of the body: counter, condition, what is carried; condition, carried, stacked */
    struct stack *stacks;
};

static gable_status loop_open(struct loop *l)
{
    struct call *c = l->c;
    l->body = body_of(c, "body");
    if (!l->body) return call_refuse(c, "lacks its body");
    l->n_carried = c->n_in > 2 ? c->n_in - 2 : 0;
    l->n_stacked = l->body->n_outputs - 1 - l->n_carried;
    if (l->body->n_inputs != l->n_carried + 2 || l->body->n_outputs < 1 + c->n_out || l->n_stacked < 0)
        return call_refuse(c, "the body has %d inputs and %d outputs, the node carries %d values and gives %d",
                           l->body->n_inputs, l->body->n_outputs, l->n_carried, c->n_out);
    for (int i = 0; i < 2 && i < c->n_in; i++)
        if (call_has(c, i) && !call_has_one(c, i)) return call_refuse(c, "input %d is not one value", i);
    l->trips = call_has(c, 0) ? value_int(c->in[0], 0) : INT64_MAX;
    l->goes_on = !call_has(c, 1) || value_int(c->in[1], 0);
    gable_status s = values_absent(c, l->body->n_inputs, &l->in);
    if (!s) s = values_absent(c, l->body->n_outputs, &l->out);
    if (s) return s;
    l->stacks = call_scratch(c, (size_t)(l->n_stacked + 1) * sizeof *l->stacks);
    if (!l->stacks) return error_set(c->e, GABLE_NO_MEMORY, "no memory for the results of a loop");
    for (int i = 0; i <= l->n_stacked; i++)
        l->stacks[i] = (struct stack){.room = l->trips > 0 && l->trips < 16 ? l->trips : 16};
    for (int i = 0; i < l->n_carried; i++) value_share(c->in[i + 2], &l->in[i + 2]);
    return GABLE_OK;
}

/* A condition of n dimensions, one element. */
static gable_status loop_again(struct loop *l)
{
    const struct value *goes_on = &l->out[0];
    if (goes_on->kind != VALUE_TENSOR || goes_on->n != 1)
        return call_refuse(l->c, "the body's condition is not one value");
    l->goes_on = value_int(goes_on, 0);
    gable_status s = GABLE_OK;
    for (int i = 0; i < l->n_stacked && !s; i++)
        s = stack_put(l->c, &l->stacks[i], l->done, &l->out[1 + l->n_carried + i]);
    for (int i = 0; i < l->n_carried && !s; i++) {
        value_release(&l->in[i + 2]);
        value_share(&l->out[i + 1], &l->in[i + 2]);
    }
    l->done++;
    return s;
}

static gable_status loop_once(struct loop *l)
{
    struct value one;
    int mark = call_mark(l->c);
    gable_status s = call_temporary(l->c, DTYPE_S64, 0, NULL, &one);
    if (s) return s;
    *(int64_t *)one.data = l->done;
    value_release(&l->in[0]);
    value_share(&one, &l->in[0]);
    s = call_temporary(l->c, DTYPE_BOOL, 0, NULL, &one);
    if (s) return s;
    *(uint8_t *)one.data = l->goes_on;
    value_release(&l->in[1]);
    value_share(&one, &l->in[1]);
    s = call_body(l->c, l->body, l->body->n_inputs, l->in, l->body->n_outputs, l->out);
    if (!s) s = loop_again(l);
    values_release(l->out, l->body->n_outputs);
    call_end_since(l->c, mark);
    return s;
}

static gable_status loop_close(struct loop *l, gable_status s)
{
    struct call *c = l->c;
    for (int i = 0; i < l->n_carried && i < c->n_out && !s; i++) call_pass(c, i, &l->in[i + 2]);
    for (int i = 0; i < l->n_stacked && l->n_carried + i < c->n_out && !s; i++) {
        struct value made;
        int out = l->n_carried + i;
        if (l->done == 0) {
            s = stack_empty(c, out, l->body->outputs[1 + out], 0);
            continue;
        }
        stack_take(&l->stacks[i], l->done, &made);
        call_pass(c, out, &made);
        value_release(&made);
    }
    for (int i = 0; l->stacks && i < l->n_stacked; i++) stack_release(&l->stacks[i]);
    if (l->in) values_release(l->in, l->body->n_inputs);
    return s;
}

static gable_status run_loop(struct call *c)
{
    struct loop l = {.c = c};
    gable_status s = loop_open(&l);
    while (!s && l.goes_on && l.done < l.trips) {
        s = loop_once(&l);
        if (s) error_within(c->e, "iteration %" PRId64, l.done);
    }
    return loop_close(&l, s);
}

const struct kernel kernels_control[] = {
    {.op = "If", .domain = "", .run = run_if, .takes_sequences = true},
    {.op = "Loop", .domain = "", .run = run_loop, .takes_sequences = true},
    {0},
};
