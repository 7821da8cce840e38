/* From the loss back through the nodes, last to first. */
#include "gradient/back.h"

#include <string.h>

static const struct gradient_rule *const families[] = {
    rules_arithmetic, rules_unary, rules_activation, rules_reduce, rules_product, rules_shape,   rules_move,
    rules_index,      rules_conv,  rules_pool,       rules_norm,   rules_einsum,  rules_resize,  rules_recurrent,
    rules_loss,       rules_flat,  rules_control,    rules_sample, rules_signal,  rules_regions, rules_sequence};

const struct gradient_rule *gradient_rule_at(int i)
{
    for (size_t f = 0; f < COUNT_OF(families); f++)
        for (const struct gradient_rule *r = families[f]; r->op; r++)
            if (i-- == 0) return r;
    return NULL;
}

const struct gradient_rule *gradient_rule_find(const char *domain, const char *op)
{
    for (size_t f = 0; f < COUNT_OF(families); f++)
        for (const struct gradient_rule *r = families[f]; r->op; r++)
            if (!strcmp(r->op, op) && !strcmp(r->domain, domain)) return r;
    return NULL;
}

/* A stretch of nodes through which gradients flow; arrays are per tensor that there was when it began. */
struct reverse {
    struct reverse *outer; /* of a definition: whose node it defines; else NULL */
    struct graph *g;
    struct arena *scratch;
    int first, end; /* nodes */
    int n_tensors;  /* when it began */
    bool *needs;    /* something wanted lies behind, through operators that let a gradient through */
    bool *is_read;  /* an end depends on it, in whatever way */
    term *gradient;
    int *source; /* per node of g, room_sources of them; NULL where nobody asks */
    int room_sources;
    struct node *stop; /* the last that lets none through though something wanted lies behind and an end ahead */
    gable_error *e;
};

/* Or sequences of them, through which gradients go to what they hold. */
static bool is_real(const struct tensor *t) { return t->dtype == DTYPE_F32 || t->dtype == DTYPE_F64; }

static bool is_one_of(const bool *is, struct tensor *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (is[list[i]->index]) return true;
    return false;
}

/* An operator without a rule lets gradients through as far as this tells: find_ends refuses it. */
static bool lets_through(const struct node *n)
{
    const struct gradient_rule *r = gradient_rule_find(n->domain, n->op_type);
    return !r || r->back || r->define;
}

/* Its inputs, then what its bodies capture. */
static int n_reads(const struct node *n)
{
    int i = n->n_in;
    while (node_reads(n, i)) i++;
    return i;
}

static bool reads_one_of(const bool *is, const struct node *n)
{
    const struct tensor *t;
    for (int i = 0; (t = node_reads(n, i)); i++)
        if (is[t->index]) return true;
    return false;
}

static void find_needs(struct reverse *r)
{
    for (int i = r->first; i < r->end; i++) {
        const struct node *n = r->g->nodes[i];
        if (!reads_one_of(r->needs, n) || !lets_through(n)) continue;
        for (int k = 0; k < n->n_out; k++) r->needs[n->out[k]->index] = is_real(n->out[k]) && !n->out[k]->ints;
    }
}

static gable_status refuse(struct reverse *r, const struct node *n, const char *why)
{
    error_set(r->e, GABLE_BAD_INPUT, "%s", why);
    return error_within(r->e, "node %.80s (%.40s)", n->name, n->op_type);
}

/* What the ends depend on, and whether a gradient can go there. */
static gable_status find_reads(struct reverse *r)
{
    for (int i = r->end - 1; i >= r->first; i--) {
        struct node *n = r->g->nodes[i];
        const struct tensor *t;
        if (!is_one_of(r->is_read, n->out, n->n_out)) continue;
        for (int k = 0; (t = node_reads(n, k)); k++) r->is_read[t->index] = true;
        if (!reads_one_of(r->needs, n)) continue;
        if (!is_one_of(r->needs, n->out, n->n_out))
            r->stop = n;
        else if (!gradient_rule_find(n->domain, n->op_type))
            return refuse(r, n, "no gradient of this operator is known, and one must flow through it");
    }
    return GABLE_OK;
}

static bool note_sources(struct reverse *r, int node)
{
    if (!r->source) return true;
    if (r->g->n_nodes > r->room_sources) {
        int room = 2 * r->g->n_nodes, *more = arena_array(r->g->arena, (size_t)room, sizeof *more);
        if (!more) return false;
        memcpy(more, r->source, (size_t)r->room_sources * sizeof *more);
        for (int i = r->room_sources; i < room; i++) more[i] = -1;
        r->source = more;
        r->room_sources = room;
    }
    for (int i = r->end; i < r->g->n_nodes; i++)
        if (r->source[i] < 0) r->source[i] = node;
    return true;
}

/* A second reader of a tensor adds its part. */
static void receive(struct reverse *r, struct back *b, const struct tensor *t, term part)
{
    term *all = &r->gradient[t->index];
    if (!part) return;
    if (*all) part = MAKE(b, "Add", *all, part);
    *all = part;
}

static gable_status through_definition(struct reverse *r, struct back *b, const struct gradient_rule *rule);

static gable_status through(struct reverse *r, struct node *n)
{
    struct back b = {.g = r->g, .n = n, .e = r->e};
    const struct gradient_rule *rule = gradient_rule_find(n->domain, n->op_type);
    const int reads = n_reads(n);
    size_t n_in = (size_t)reads + 1, n_out = (size_t)n->n_out + 1;
    bool *wants = arena_array(r->scratch, n_in, sizeof *wants), is_there = false;
    term *dy = arena_array(r->scratch, n_out, sizeof(term));
    b.dx = arena_array(r->scratch, n_in, sizeof(term));
    if (!wants || !dy || !b.dx) return error_set(r->e, GABLE_NO_MEMORY, "no memory for gradients");
    for (int i = 0; i < n->n_out; i++) {
        dy[i] = r->gradient[n->out[i]->index];
        is_there = is_there || dy[i];
        if (dy[i]) b.dtype = dy[i]->dtype;
    }
    for (int i = 0; i < reads; i++) wants[i] = r->needs[node_reads(n, i)->index];
    if (!is_there) return GABLE_OK;
    b.dy = dy;
    b.wants = wants;
    if (rule->back)
        rule->back(&b);
    else
        b.status = through_definition(r, &b, rule);
    for (int i = 0; i < reads && !b.status; i++)
        if (wants[i]) receive(r, &b, node_reads(n, i), b.dx[i]);
    if (!b.status && r->g->failed) b.status = error_set(r->e, GABLE_NO_MEMORY, "the graph does not fit its limit");
    if (b.status) return error_within(r->e, "gradient of node %.80s (%.40s)", n->name, n->op_type);
    return note_sources(r, n->index) ? GABLE_OK : error_set(r->e, GABLE_NO_MEMORY, "no memory for gradients");
}

static gable_status begin(struct reverse *r)
{
    size_t n = (size_t)r->g->n_tensors + 1;
    r->n_tensors = r->g->n_tensors;
    r->needs = arena_array(r->scratch, n, sizeof *r->needs);
    r->is_read = arena_array(r->scratch, n, sizeof *r->is_read);
    r->gradient = arena_array(r->g->arena, n, sizeof(term));
    if (r->needs && r->is_read && r->gradient) return GABLE_OK;
    return error_set(r->e, GABLE_NO_MEMORY, "no memory for gradients");
}

static gable_status run(struct reverse *r)
{
    find_needs(r);
    gable_status s = find_reads(r);
    for (int i = r->end - 1; i >= r->first && !s; i--)
        if (is_one_of(r->needs, r->g->nodes[i]->out, r->g->nodes[i]->n_out)) s = through(r, r->g->nodes[i]);
    return s;
}

/* The stretch that had a tensor first gathers its gradient. */
static struct reverse *home_of(struct reverse *r, const struct tensor *t)
{
    while (r->outer && t->index < r->outer->n_tensors) r = r->outer;
    return r;
}

/* What a definition reads of elsewhere, each once. */
static void receive_far(struct reverse *r, struct back *b)
{
    for (int i = 0; i < b->n_far; i++) {
        struct reverse *home = home_of(r->outer, b->far[i]);
        term *part = &r->gradient[b->far[i]->index];
        if (home->needs[b->far[i]->index]) receive(home, b, b->far[i], *part);
        *part = NULL;
    }
}

/* The outputs again in simpler operators, and back through those. */
static gable_status through_definition(struct reverse *outer, struct back *b, const struct gradient_rule *rule)
{
    struct reverse r = {.outer = outer, .g = b->g, .scratch = outer->scratch, .first = b->g->n_nodes, .e = b->e};
    term *out = arena_array(r.scratch, (size_t)b->n->n_out + 1, sizeof(term));
    if (!out) return error_set(b->e, GABLE_NO_MEMORY, "no memory for gradients");
    rule->define(b, out);
    if (b->status) return b->status;
    r.end = b->g->n_nodes;
    gable_status s = begin(&r);
    if (s) return s;
    const int reads = n_reads(b->n);
    for (int i = 0; i < reads; i++) r.needs[node_reads(b->n, i)->index] = b->wants[i];
    for (int i = 0; i < b->n_far; i++) r.needs[b->far[i]->index] = home_of(outer, b->far[i])->needs[b->far[i]->index];
    for (int i = 0; i < b->n->n_out; i++) {
        if (!b->dy[i] || !out[i]) continue;
        r.is_read[out[i]->index] = true;
        receive(&r, b, out[i], b->dy[i]);
    }
    s = run(&r);
    if (!s) receive_far(&r, b);
    for (int i = 0; i < reads && !s; i++) {
        const struct tensor *t = node_reads(b->n, i);
        bool is_again = false; /* one tensor as two inputs: its gradient is whole already */
        for (int k = 0; k < i; k++) is_again = is_again || node_reads(b->n, k) == t;
        if (b->wants[i] && !is_again) b->dx[i] = r.gradient[t->index];
    }
    return s;
}

/* Takes out appended nodes that no gradient needs, and what they made. */
static gable_status sweep(struct reverse *r, const bool *is_wanted, int n_tensors)
{
    struct graph *g = r->g;
    bool *is_used = arena_array(r->scratch, (size_t)g->n_tensors + 1, sizeof *is_used);
    int n = r->end, tensors = n_tensors;
    if (!is_used) return error_set(r->e, GABLE_NO_MEMORY, "no memory for gradients");
    for (int i = 0; i < n_tensors; i++)
        if (is_wanted[i] && r->gradient[i]) is_used[r->gradient[i]->index] = true;
    for (int i = g->n_nodes - 1; i >= r->end; i--) {
        const struct node *node = g->nodes[i];
        if (!is_one_of(is_used, node->out, node->n_out)) continue;
        for (int k = 0; k < node->n_out; k++) is_used[node->out[k]->index] = true;
        for (int k = 0; k < node->n_in; k++) is_used[node->in[k]->index] = true;
    }
    for (int i = r->end; i < g->n_nodes; i++) {
        if (!is_one_of(is_used, g->nodes[i]->out, g->nodes[i]->n_out)) continue;
        r->source[n] = r->source[i];
        g->nodes[n] = g->nodes[i];
        g->nodes[n]->index = n;
        n++;
    }
    for (int i = n_tensors; i < g->n_tensors; i++)
        if (is_used[i] || (g->tensors[i]->producer && g->tensors[i]->producer->index < r->end))
            g->tensors[tensors++] = g->tensors[i];
    for (int i = n_tensors; i < tensors; i++) g->tensors[i]->index = i;
    g->n_nodes = n;
    g->n_tensors = tensors;
    return GABLE_OK;
}

/* Whatever is wanted and reaches the loss has a gradient. */
static gable_status check_stops(struct reverse *r, const bool *is_wanted, int n_tensors)
{
    for (int i = 0; i < n_tensors; i++) {
        if (!is_wanted[i] || !r->is_read[i] || r->gradient[i] || !r->stop) continue;
        const struct gradient_rule *rule = gradient_rule_find(r->stop->domain, r->stop->op_type);
        error_set(r->e, GABLE_BAD_INPUT, "%.80s reaches the loss only through it, and no gradient flows back (%.60s)",
                  r->g->tensors[i]->name, rule ? rule->words : "its result is no real number");
        return error_within(r->e, "node %.80s (%.40s)", r->stop->name, r->stop->op_type);
    }
    return GABLE_OK;
}

gable_status gradient_append(struct graph *g, struct tensor *loss, const bool *is_wanted, struct gradient *out,
                             gable_error *e)
{
    struct reverse r = {.g = g, .scratch = arena_new(SIZE_MAX / 4), .end = g->n_nodes, .e = e};
    struct back seed = {.g = g, .n = loss->producer, .dtype = loss->dtype, .e = e};
    int n_tensors = g->n_tensors;
    gable_status s = begin(&r);
    r.room_sources = g->n_nodes + 1;
    r.source = arena_array(g->arena, (size_t)r.room_sources, sizeof *r.source);
    if (!s && !r.source) s = error_set(e, GABLE_NO_MEMORY, "no memory for gradients");
    for (int i = 0; i < r.room_sources && !s; i++) r.source[i] = i < r.end ? i : -1;
    for (int i = 0; i < n_tensors && !s; i++) r.needs[i] = is_wanted[i];
    if (!s) r.gradient[loss->index] = back_expand(&seed, back_real(&seed, 1), &loss->shape);
    if (!s && !note_sources(&r, loss->producer ? loss->producer->index : -1)) s = GABLE_NO_MEMORY;
    if (!s) r.is_read[loss->index] = true;
    if (!s) s = run(&r);
    if (!s) s = check_stops(&r, is_wanted, n_tensors);
    if (!s) s = sweep(&r, is_wanted, n_tensors);
    if (!s) s = graph_check(g, e);
    *out = (struct gradient){r.gradient, r.source};
    arena_free(r.scratch);
    return s;
}
