/* What rules mean: expressions evaluated for a node. taught_read.c reads the file. */
#include "ops/taught.h"

#include "base/arithmetic.h"
#include "ops/taught_rule.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state { NOT_YET, UNDER_WAY, KNOWN };

/* One evaluation of a rule: for a node, or with node NULL as a check of names alone. */
struct evaluation {
    struct arithmetic_scope scope;
    const struct rule *rule;
    const struct node *node;
    enum state *state; /* per name of the rule */
    double *value;
    int n_visible; /* names from here on are not to be used: macs within itself, flops */
};

static bool refuse(gable_error *e, const char *why, const char *what)
{
    error_set(e, GABLE_BAD_INPUT, why, what);
    return false;
}

static bool evaluate(const struct evaluation *v, int i, gable_error *e)
{
    size_t at;
    v->state[i] = UNDER_WAY;
    if (arithmetic(v->rule->named[i].text, &v->scope, &v->value[i], &at, e)) return false;
    v->state[i] = KNOWN;
    return true;
}

static bool lookup_name(const struct arithmetic_scope *s, const char *name, double *value, gable_error *e)
{
    const struct evaluation *v = CONTAINER_OF(s, struct evaluation, scope);
    for (int i = 0; i < v->n_visible; i++) {
        if (strcmp(v->rule->named[i].name, name) != 0) continue;
        if (v->state[i] == UNDER_WAY) return refuse(e, "'%.63s' is defined by itself: a cycle", name);
        if (v->state[i] == NOT_YET && !evaluate(v, i, e)) return false;
        *value = v->value[i];
        return true;
    }
    return refuse(e, "unknown name '%.63s': expected one of 'let', or a function such as numel(x0)", name);
}

/* x0, y12: the operand; NULL with a sentence where there is none. */
static const struct tensor *operand(const struct node *n, const char *word, gable_error *e)
{
    char *end;
    long i = strtol(word + 1, &end, 10);
    if ((word[0] != 'x' && word[0] != 'y') || !word[1] || *end || i < 0 || i > 4096) {
        refuse(e, "expected an input x0, x1, ... or an output y0, ..., not '%.63s'", word);
        return NULL;
    }
    static const struct tensor any = {.role = ROLE_ACTIVATION};
    if (!n) return &any;
    const struct tensor *t = i < (word[0] == 'x' ? n->n_in : n->n_out) ? (word[0] == 'x' ? n->in : n->out)[i] : NULL;
    if (!t || t->role == ROLE_ABSENT || !t->has_shape) {
        refuse(e, "the node has no %.63s with a shape", word);
        return NULL;
    }
    return t;
}

static bool call_numel(const struct node *n, const char *word, int n_args, const double *a, double *value,
                       gable_error *e)
{
    const struct tensor *t = operand(n, word, e);
    (void)n_args, (void)a;
    if (t) *value = n ? (double)tensor_elements(t) : 1;
    return t != NULL;
}

static bool call_rank(const struct node *n, const char *word, int n_args, const double *a, double *value,
                      gable_error *e)
{
    const struct tensor *t = operand(n, word, e);
    (void)n_args, (void)a;
    if (t) *value = n ? t->shape.rank : 1;
    return t != NULL;
}

static bool call_dim(const struct node *n, const char *word, int n_args, const double *a, double *value, gable_error *e)
{
    const struct tensor *t = operand(n, word, e);
    (void)n_args;
    *value = 1;
    if (!t || !n) return t != NULL;
    double axis = a[0] < 0 ? a[0] + t->shape.rank : a[0];
    if (!(axis >= 0 && axis < t->shape.rank) || axis != floor(axis))
        return error_set(e, GABLE_BAD_INPUT, "%.63s has no axis %g: it has %d dimensions", word, a[0], t->shape.rank),
               false;
    *value = (double)t->shape.dim[(int)axis];
    return true;
}

static bool call_attr(const struct node *n, const char *word, int n_args, const double *a, double *value,
                      gable_error *e)
{
    const struct attribute *attribute = n ? node_attribute(n, word) : NULL;
    *value = n_args ? a[0] : 1;
    if (!n || (!attribute && n_args)) return true;
    if (!attribute) return refuse(e, "the node has no attribute '%.63s' and there is no fallback", word);
    if (attribute->type != ATTRIBUTE_INT && attribute->type != ATTRIBUTE_FLOAT)
        return refuse(e, "the attribute '%.63s' is not a number", word);
    *value = attribute->type == ATTRIBUTE_INT ? (double)attribute->i : attribute->f;
    return true;
}

static bool call_attr_at(const struct node *n, const char *word, int n_args, const double *a, double *value,
                         gable_error *e)
{
    const struct attribute *attribute = n ? node_attribute(n, word) : NULL;
    *value = n_args > 1 ? a[1] : 1;
    if (!n) return true;
    bool is_list = attribute && (attribute->type == ATTRIBUTE_INTS || attribute->type == ATTRIBUTE_FLOATS);
    bool is_there = is_list && a[0] >= 0 && a[0] < attribute->n && a[0] == floor(a[0]);
    if (!is_there && n_args > 1) return true;
    if (!is_there) return refuse(e, "the node's attribute '%.63s' has no such number and there is no fallback", word);
    int i = (int)a[0];
    *value = attribute->type == ATTRIBUTE_INTS ? (double)attribute->ints[i] : attribute->floats[i];
    return true;
}

static bool lookup_call(const struct arithmetic_scope *s, const char *function, const char *word, int n,
                        const double *args, double *value, gable_error *e)
{
    static const struct {
        const char *name;
        int least, most; /* numbers after the name */
        bool (*apply)(const struct node *n, const char *word, int n_args, const double *a, double *value,
                      gable_error *e);
    } functions[] = {{"numel", 0, 0, call_numel},
                     {"rank", 0, 0, call_rank},
                     {"dim", 1, 1, call_dim},
                     {"attr", 0, 1, call_attr},
                     {"attr_at", 1, 2, call_attr_at}};
    const struct evaluation *v = CONTAINER_OF(s, struct evaluation, scope);
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        if (strcmp(functions[i].name, function) != 0) continue;
        if (n < functions[i].least || n > functions[i].most)
            return refuse(e, "'%.63s' is given the wrong number of arguments", function);
        return functions[i].apply(v->node, word, n, args, value, e);
    }
    return refuse(e, "unknown function '%.63s': there are numel, rank, dim, attr, attr_at, min, max, floor and ceil",
                  function);
}

bool rule_evaluate(const struct rule *r, const struct node *n, int which, double *value, size_t *at, gable_error *e)
{
    enum state state[RULE_NAMES_MAX] = {NOT_YET};
    double values[RULE_NAMES_MAX] = {0};
    struct evaluation v = {.scope = {.name = lookup_name, .call = lookup_call, .checks_only = !n},
                           .rule = r,
                           .node = n,
                           .state = state,
                           .value = values,
                           .n_visible = which == r->flops ? r->n_named - 1 : r->macs};
    return !arithmetic(r->named[which].text, &v.scope, value, at, e);
}

/* A cost must be a whole number that a double holds exactly. */
static bool count_of(const struct rule *r, const struct node *n, int which, count *out, gable_error *e)
{
    double value;
    size_t at;
    if (!rule_evaluate(r, n, which, &value, &at, e)) return false;
    if (!(value >= 0 && value <= 0x1p53) || value != floor(value)) {
        error_set(e, GABLE_BAD_INPUT, "%s gives %.17g: expected a whole number from 0 to 2^53", r->named[which].name,
                  value);
        return false;
    }
    *out = (count)value;
    return true;
}

static bool costs(const struct rule *r, const struct node *n, struct cost *out, gable_error *e)
{
    *out = (struct cost){0};
    if (!count_of(r, n, r->macs, &out->macs, e)) return false;
    out->flops = count_mul(2, out->macs);
    return r->flops < 0 || count_of(r, n, r->flops, &out->flops, e);
}

struct cost rule_cost(const struct node *n)
{
    struct cost cost;
    return costs(CONTAINER_OF(n->op, struct rule, op), n, &cost, NULL) ? cost : (struct cost){0};
}

static const struct rule *find(const struct taught *t, const struct node *n)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->rule[i].op.name, n->op_type) && !strcmp(t->rule[i].op.domain, n->domain)) return &t->rule[i];
    return NULL;
}

gable_status taught_apply(const struct taught *t, struct graph *g, int *n_used, gable_error *e)
{
    *n_used = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        struct node *n = g->nodes[i];
        const struct rule *r = n->op == &op_unknown ? find(t, n) : NULL;
        struct cost cost;
        if (!r) continue;
        if (!costs(r, n, &cost, e)) {
            error_within(e, "the rule on line %zu for node %.60s (%.40s)", r->line, n->name, n->op_type);
            return error_within(e, "%s", t->name);
        }
        if (cost.flops < cost.macs || cost.flops - cost.macs < cost.macs) {
            error_set(e, GABLE_BAD_INPUT, "flops gives %" PRId64 ", less than 2 x %" PRId64 " macs", cost.flops,
                      cost.macs);
            error_within(e, "the rule on line %zu for node %.60s (%.40s)", r->line, n->name, n->op_type);
            return error_within(e, "%s", t->name);
        }
        n->op = &r->op;
        ++*n_used;
    }
    return GABLE_OK;
}
