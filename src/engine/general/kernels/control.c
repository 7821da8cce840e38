/* If, Loop and Scan: bodies that run as often as data say. */
#include "engine/general/tables.h"

#include <inttypes.h>

static struct graph *body_of(const struct call *c, const char *name)
{
    const struct attribute *a = node_attribute(c->node, name);
    return a && a->type == ATTRIBUTE_GRAPH ? a->graph : NULL;
}

static void release_all(struct value *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) value_release(&v[i]);
}

/* An array of absent values until the call ends; what it holds is released by who fills it. */
static gable_status absent_values(struct call *c, int64_t n, struct value **out)
{
    *out = call_scratch(c, (size_t)(n + 1) * sizeof **out);
    if (!*out) return error_set(c->e, GABLE_NO_MEMORY, "no memory for %" PRId64 " values of a body", n);
    for (int64_t i = 0; i <= n; i++) (*out)[i] = (struct value){0};
    return GABLE_OK;
}

static gable_status run_if(struct call *c)
{
    const struct value *condition = c->in[0];
    if (condition->n != 1) return call_refuse(c, "the condition has %" PRId64 " values, one is needed", condition->n);
    struct graph *body = body_of(c, value_int(condition, 0) ? "then_branch" : "else_branch");
    if (!body) return call_refuse(c, "lacks a branch");
    if (body->n_outputs != c->n_out)
        return call_refuse(c, "a branch gives %d values, the node %d", body->n_outputs, c->n_out);
    struct value *made;
    gable_status s = absent_values(c, c->n_out, &made);
    if (!s) s = call_body(c, body, 0, NULL, c->n_out, made);
    for (int i = 0; i < c->n_out && !s; i++) call_pass(c, i, &made[i]);
    if (made) release_all(made, c->n_out);
    return s;
}

const struct kernel kernels_control[] = {
    {.op = "If", .domain = "", .run = run_if},
    {0},
};
