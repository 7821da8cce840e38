#include "counts/whatif.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum dtype dtype;
} types[] = {{"int8", DTYPE_S8},   {"s8", DTYPE_S8},   {"f16", DTYPE_F16},  {"fp16", DTYPE_F16},
             {"bf16", DTYPE_BF16}, {"f8", DTYPE_F8},   {"fp8", DTYPE_F8},   {"f32", DTYPE_F32},
             {"fp32", DTYPE_F32},  {"f64", DTYPE_F64}, {"tf32", DTYPE_TF32}};
enum { TYPES = COUNT_OF(types), BATCH_MAX = 65536 };

static bool unknown(const char *term, gable_error *e)
{
    const char *words[TYPES + 4] = {"batch=8", "fuse", "bw=2x", "flops=2x"};
    for (size_t i = 0; i < TYPES; i++) words[4 + i] = types[i].word;
    const char *near = text_nearest(term, words, COUNT_OF(words));
    error_set(e, GABLE_USAGE,
              "--what-if does not know '%.40s'%s%s%s; it knows int8, bf16, ..., batch=N, fuse, bw=Kx, flops=Kx", term,
              near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

/* "2x", "2", "1.5x" */
static bool parse_times(const char *term, const char *text, double *out, gable_error *e)
{
    char *end = NULL;
    *out = strchr("0123456789.", *text) ? strtod(text, &end) : 0;
    if (end && *out > 0 && *out <= 1e6 && *text && (!*end || !strcmp(end, "x"))) return true;
    error_set(e, GABLE_USAGE, "--what-if %.40s: expected a factor above 0 such as 2x", term);
    return false;
}

static bool parse_batch(const char *term, const char *text, int *out, gable_error *e)
{
    char *end = NULL;
    long n = strchr("0123456789", *text) && *text ? strtol(text, &end, 10) : 0;
    if (n >= 1 && n <= BATCH_MAX && end && !*end) {
        *out = (int)n;
        return true;
    }
    error_set(e, GABLE_USAGE, "--what-if %.40s: expected a batch from 1 to %d", term, BATCH_MAX);
    return false;
}

static bool parse_term(const char *term, struct change *c, gable_error *e)
{
    snprintf(c->text, sizeof c->text, "%s", term);
    for (size_t i = 0; i < TYPES; i++)
        if (!strcmp(term, types[i].word)) {
            c->kind = CHANGE_DTYPE;
            c->dtype = types[i].dtype;
            return true;
        }
    if (!strcmp(term, "fuse")) {
        c->kind = CHANGE_FUSE;
        return true;
    }
    if (!strncmp(term, "batch=", 6)) {
        c->kind = CHANGE_BATCH;
        return parse_batch(term, term + 6, &c->batch, e);
    }
    if (!strncmp(term, "bw=", 3) || !strncmp(term, "flops=", 6)) {
        c->kind = *term == 'b' ? CHANGE_BANDWIDTH : CHANGE_FLOPS;
        return parse_times(term, strchr(term, '=') + 1, &c->times, e);
    }
    return unknown(term, e);
}

static bool contradicts(const char *first, const char *second, gable_error *e)
{
    if (!strcmp(first, second))
        error_set(e, GABLE_USAGE, "--what-if: %s is given twice", first);
    else
        error_set(e, GABLE_USAGE, "--what-if: %s and %s contradict each other", first, second);
    return false;
}

bool changes_parse(const char *text, struct changes *out, gable_error *e)
{
    *out = (struct changes){0};
    for (const char *p = text;; p++) {
        char term[32];
        struct change c = {0};
        size_t len = strcspn(p, ",");
        if (!len)
            return error_set(e, GABLE_USAGE, "--what-if takes terms such as int8,batch=8, not '%.40s'", text), false;
        snprintf(term, sizeof term, "%.*s", (int)(len < 31 ? len : 31), p);
        if (!parse_term(term, &c, e)) return false;
        for (int i = 0; i < out->n; i++)
            if (out->change[i].kind == c.kind) return contradicts(out->change[i].text, term, e);
        out->change[out->n++] = c;
        p += len;
        if (!*p) return true;
    }
}

/* What is in force together. */
struct setting {
    const struct subject *s; /* at its batch */
    double flops_per_s, bytes_per_s;
    double bytes_times; /* of every tensor, by its type */
    bool is_fused;
};

static double unit_floor(const struct setting *t, struct cost cost, count bytes, bool *is_memory)
{
    double compute = (double)cost.flops / t->flops_per_s;
    double memory = (double)bytes * t->bytes_times / t->bytes_per_s;
    *is_memory = memory > compute;
    return (*is_memory ? memory : compute) / t->s->analysis->batch;
}

static count node_bytes(const struct node_cost *c)
{
    return count_add(count_add(c->read_bytes, c->weight_bytes), c->write_bytes);
}

static double floor_of(const struct setting *t, double *memory_s)
{
    const struct analysis *a = t->s->analysis;
    int n = t->is_fused ? a->n_groups : a->graph->n_nodes;
    double sum = 0;
    *memory_s = 0;
    for (int i = 0; i < n; i++) {
        bool is_memory;
        double s = t->is_fused ? unit_floor(t, a->group_cost[i], a->group_bytes[i], &is_memory)
                               : unit_floor(t, a->nodes[i].cost, node_bytes(&a->nodes[i]), &is_memory);
        sum += s;
        if (is_memory) *memory_s += s;
    }
    return sum;
}

static int *group_sizes(const struct analysis *a)
{
    int *sizes = calloc((size_t)a->n_groups + 1, sizeof *sizes);
    for (int i = 0; i < a->graph->n_nodes && sizes; i++)
        if (a->nodes[i].group >= 0) sizes[a->nodes[i].group]++;
    return sizes;
}

/* Which nodes differ, and of which kind is most of what falls. With fusion a group's floor is shared out by the nodes'
   own floors. */
static bool touch(const struct setting *before, const struct setting *after, struct outcome *o)
{
    const struct analysis *a = before->s->analysis, *b = after->s->analysis;
    double removed[KIND_N] = {0}, most = 0;
    int *sizes = group_sizes(a);
    bool ignored;
    if (!sizes) return false;
    o->mostly = KIND_N;
    for (int i = 0; i < a->graph->n_nodes; i++) {
        const struct node_cost *n = &a->nodes[i];
        double old = unit_floor(before, n->cost, node_bytes(n), &ignored);
        double now = unit_floor(after, b->nodes[i].cost, node_bytes(&b->nodes[i]), &ignored);
        bool is_joined = after->is_fused && !n->node->op->is_view && (n->group < 0 || sizes[n->group] > 1);
        if (!(old > 0) || (!is_joined && fabs(now - old) <= 1e-9 * old)) continue;
        o->n_touched++;
        o->touched_s += old;
        removed[n->kind] += is_joined ? old : old - now;
    }
    for (int k = 0; k < KIND_N; k++)
        if (removed[k] > most) {
            most = removed[k];
            o->mostly = (enum op_kind)k;
        }
    free(sizes);
    return true;
}

static gable_status apply(const struct change *c, struct setting *t, struct subject *batched, gable_error *e)
{
    struct roof roof;
    struct model_options o = t->s->options;
    enum dtype now = t->s->graph->n_inputs ? t->s->graph->inputs[0]->dtype : DTYPE_F32;
    switch (c->kind) {
    case CHANGE_DTYPE:
        if (!chip_roof(t->s->chip, c->dtype, &roof))
            return error_set(e, GABLE_USAGE, "--what-if %s: %s has no known %s rate", c->text, t->s->chip->name,
                             dtype_name(c->dtype));
        t->flops_per_s *= roof.peak / t->s->roof.peak;
        t->bytes_times = (double)dtype_bits(c->dtype) / dtype_bits(now);
        break;
    case CHANGE_BATCH:
        o.zoo.batch = c->batch;
        if (subject_load(t->s->word, &o, t->s->rules, batched, e)) return e->status;
        batched->chip = t->s->chip;
        batched->roof = t->s->roof;
        batched->word = t->s->word;
        batched->options = o;
        batched->rules = t->s->rules;
        t->s = batched;
        break;
    case CHANGE_FUSE: t->is_fused = true; break;
    case CHANGE_BANDWIDTH: t->bytes_per_s *= c->times; break;
    case CHANGE_FLOPS: t->flops_per_s *= c->times; break;
    case CHANGE_KINDS: break;
    }
    return GABLE_OK;
}

static gable_status outcome_of(const struct setting *base, const struct change *c, int n, struct outcome *out,
                               gable_error *e)
{
    struct setting t = *base;
    struct subject batched = {0};
    gable_status status = GABLE_OK;
    *out = (struct outcome){.change = n == 1 ? c : NULL};
    for (int i = 0; i < n && !status; i++) status = apply(&c[i], &t, &batched, e);
    if (!status) {
        out->floor_s = floor_of(&t, &out->memory_s);
        if (!touch(base, &t, out)) status = error_set(e, GABLE_NO_MEMORY, "no memory");
    }
    subject_release(&batched);
    return status;
}

gable_status whatif_find(const struct subject *s, const struct changes *c, struct whatif *out, gable_error *e)
{
    const struct setting base = {s, s->roof.peak, s->roof.bandwidth, 1, false};
    gable_status status = GABLE_OK;
    *out = (struct whatif){0};
    out->floor_s = floor_of(&base, &out->memory_s);
    for (int i = 0; i < s->graph->n_nodes; i++) out->n_nodes += !s->graph->nodes[i]->op->is_view;
    for (int i = 0; i < c->n && !status; i++) {
        struct outcome o;
        status = outcome_of(&base, &c->change[i], 1, &o, e);
        int at = out->n;
        for (; at > 0 && out->outcomes[at - 1].floor_s > o.floor_s; at--) out->outcomes[at] = out->outcomes[at - 1];
        out->outcomes[at] = o;
        out->n += !status;
    }
    if (!status) status = outcome_of(&base, c->change, c->n, &out->together, e);
    out->together.change = NULL;
    return status;
}
