/* What the notes say: docs/METRICS.md, "Notes in a model file". */
#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/export/export.h"
#include "ops/ops.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NOTES_MAX = 24 };
struct list {
    struct arena *arena;
    struct onnx_note *note;
    int n;
    bool failed;
};
static struct list list_new(struct arena *arena)
{
    struct list l = {.arena = arena, .note = arena_array(arena, NOTES_MAX, sizeof(struct onnx_note))};
    l.failed = !l.note;
    return l;
}
static void note(struct list *l, const char *key, const char *value)
{
    const char *copy = l->failed || l->n == NOTES_MAX ? NULL : arena_string(l->arena, value);
    l->failed |= !copy;
    if (copy) l->note[l->n++] = (struct onnx_note){key, copy};
}
static void note_count(struct list *l, const char *key, count value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    note(l, key, value == COUNT_MAX ? "too large" : text);
}
static void note_real(struct list *l, const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.4g", value);
    if (isfinite(value)) note(l, key, text);
}
static void note_safe(struct list *l, const char *key, const char *foreign)
{
    struct text t = {0};
    text_add_safe(&t, foreign, 0);
    note(l, key, t.data ? t.data : "");
    l->failed |= t.failed;
    text_release(&t);
}

/* Nodes first .. last of the graph, which one node of the file stands for. */
struct stretch {
    int first, last;
};

static struct node_cost sum_of(const struct analysis *a, struct stretch s)
{
    struct node_cost sum = a->nodes[s.first];
    for (int i = s.first + 1; i <= s.last; i++) {
        const struct node_cost *c = &a->nodes[i];
        sum.cost = cost_add(sum.cost, c->cost);
        sum.params = count_add(sum.params, c->params);
        sum.read_bytes = count_add(sum.read_bytes, c->read_bytes);
        sum.weight_bytes = count_add(sum.weight_bytes, c->weight_bytes);
        sum.write_bytes = count_add(sum.write_bytes, c->write_bytes);
    }
    return sum;
}
static count bytes_of(const struct node_cost *c)
{
    return count_add(c->read_bytes, count_add(c->weight_bytes, c->write_bytes));
}
static enum certainty certainty_of(const struct analysis *a, struct stretch s)
{
    enum certainty worst = COST_EXACT;
    for (int i = s.first; i <= s.last; i++)
        if (node_certainty(a->nodes[i].node) != COST_EXACT) worst = node_certainty(a->nodes[i].node);
    return worst;
}

/* Where a node of the file runs: a group's number, or why there is none. */
enum { RUNS_AS_VIEW = -1, RUNS_APART = -2, IS_REWRITTEN = -3 };
static const char *const elsewhere[] = {[-RUNS_AS_VIEW] = "nothing runs, its output is a view",
                                        [-RUNS_APART] = "runs as several groups",
                                        [-IS_REWRITTEN] = "nothing of its own runs: the clean-up rewrote it"};

struct group {
    int index, n_nodes;
    const struct node *first;
    double flops, bytes, floor_ns; /* floor_ns 0: no roof */
    enum bound bound;
    const struct run_group *timed; /* NULL: no time */
};
static void set_group(struct group *g, const struct annotated *a, int index)
{
    g->index = index;
    g->timed = a->has_run ? &a->run.groups[index] : NULL;
    g->flops = g->timed ? g->timed->flops_executed : (double)a->groups->group_cost[index].flops;
    g->bytes = (double)a->groups->group_bytes[index];
    if (!a->has_roof) return;
    g->bound = roof_bound(&a->roof, g->flops, g->bytes);
    g->floor_ns = g->timed ? g->timed->floor_ns : 1e9 * roof_floor_s(&a->roof, g->flops, g->bytes);
}
static struct group *groups_of(const struct annotated *a, struct arena *arena)
{
    const struct analysis *all = a->groups;
    struct group *groups = arena_array(arena, (size_t)all->n_groups + 1, sizeof *groups);
    for (int i = 0; groups && i < all->graph->n_nodes; i++) {
        int index = all->nodes[i].group;
        if (index < 0) continue;
        if (!groups[index].first) groups[index].first = all->graph->nodes[i];
        groups[index].n_nodes++;
    }
    for (int k = 0; groups && k < all->n_groups; k++) set_group(&groups[k], a, k);
    return groups;
}

static void note_group(struct list *l, const struct annotated *a, const struct group *g)
{
    note_safe(l, "group", g->first->name);
    note_count(l, "group_nodes", g->n_nodes);
    note_count(l, "group_flops", a->groups->group_cost[g->index].flops);
    note_count(l, "group_bytes", a->groups->group_bytes[g->index]);
    if (a->has_roof) {
        note(l, "group_bound", bound_name(g->bound));
        note_real(l, "group_floor_ns", g->floor_ns);
    }
    if (!g->timed) return;
    note_real(l, "group_time_ns", g->timed->median_ns);
    note_real(l, "group_time_share", g->timed->median_ns / a->run.instrumented_ns);
    note_real(l, "group_of_roof", g->floor_ns / g->timed->median_ns);
    note(l, "group_kernel", g->timed->kernel);
}

static void say_group(struct text *t, const struct annotated *a, const struct group *g)
{
    if (g->n_nodes > 1) {
        text_addf(t, "; one of %d nodes that run as group ", g->n_nodes);
        text_add_safe(t, g->first->name, 80);
    }
    if (g->timed)
        text_addf(t, "; %s%s, %.1f %% of the pass", g->n_nodes > 1 ? "together " : "",
                  quantity(1e-9 * g->timed->median_ns, "s").text, 100 * g->timed->median_ns / a->run.instrumented_ns);
    if (!a->has_roof) return;
    if (g->timed)
        text_addf(t, ", %.0f %% of its roof", 100 * g->floor_ns / g->timed->median_ns);
    else
        text_addf(t, "; at least %s%s", quantity(1e-9 * g->floor_ns, "s").text, g->n_nodes > 1 ? " together" : "");
    text_addf(t, ", %s-bound", bound_name(g->bound));
    if (g->timed && !a->run.valid) text_addf(t, "; not to be trusted: %s", bench_code_sentence(a->run.reason));
}

/* Per node of the file, the group of the graph that runs. */
static int *groups_at(const struct annotated *a, int n, struct arena *arena)
{
    int *group = arena_array(arena, (size_t)n + 1, sizeof *group);
    for (int j = 0; group && j < n; j++) group[j] = IS_REWRITTEN;
    for (int i = 0; group && i < a->ran->n_nodes; i++) {
        int *here = &group[a->ran_at[i]], own = a->groups->nodes[i].group;
        *here = *here == IS_REWRITTEN || *here == own ? own : RUNS_APART;
    }
    return group;
}

static const char *line_of(const struct annotated *a, struct arena *arena, const struct node_cost *c,
                           enum certainty sure, const struct group *g)
{
    struct text t = {0};
    if (c->cost.macs) text_addf(&t, "%s, ", quantity((double)c->cost.macs, "MAC").text);
    text_addf(&t, "%s, %s%s", quantity((double)c->cost.flops, "FLOP").text, quantity_bytes((double)bytes_of(c)).text,
              sure == COST_EXACT ? "" : ", ");
    if (sure != COST_EXACT) text_add(&t, certainty_name(sure));
    if (g)
        say_group(&t, a, g);
    else
        text_addf(&t, "; %s", elsewhere[-c->group]);
    const char *line = t.data && !t.failed ? arena_string(arena, t.data) : NULL;
    text_release(&t);
    return line;
}

static bool node_notes(const struct annotated *a, const struct group *groups, int group, struct stretch s,
                       struct arena *arena, struct onnx_notes *out)
{
    struct node_cost c = sum_of(a->analysis, s);
    enum certainty sure = certainty_of(a->analysis, s);
    const struct group *g = group < 0 ? NULL : &groups[group];
    c.group = group;
    struct list l = list_new(arena);
    note(&l, "kind", op_kind_name(c.kind));
    note_count(&l, "macs", c.cost.macs);
    note_count(&l, "flops", c.cost.flops);
    note_count(&l, "params", c.params);
    note_count(&l, "read_bytes", c.read_bytes);
    note_count(&l, "weight_bytes", c.weight_bytes);
    note_count(&l, "write_bytes", c.write_bytes);
    if (sure != COST_EXACT) note(&l, "certainty", certainty_name(sure));
    if (g) note_group(&l, a, g);
    *out = (struct onnx_notes){line_of(a, arena, &c, sure, g), l.n, l.note};
    return out->line && !l.failed;
}

/* Of a node that the file has for a part of one of ours. */
static bool helper_notes(const struct node *whole, struct arena *arena, struct onnx_notes *out)
{
    struct text t = {0};
    struct list l = list_new(arena);
    note_safe(&l, "part_of", whole->name);
    text_add(&t, "part of ");
    text_add_safe(&t, whole->name, 80);
    text_addf(&t, " (%.40s), where its costs stand", whole->op_type);
    *out = (struct onnx_notes){t.data && !t.failed ? arena_string(arena, t.data) : NULL, l.n, l.note};
    text_release(&t);
    return out->line && !l.failed;
}

static void note_run(struct list *l, const struct run *r)
{
    note_real(l, "time_ns", r->median_ns);
    note_real(l, "time_low_ns", r->low_ns);
    note_real(l, "time_high_ns", r->high_ns);
    note_real(l, "of_roof", r->efficiency);
    if (!r->valid) note(l, "invalid", bench_code_name(r->reason));
    note(l, "device", r->device);
    note_count(l, "threads", r->threads);
    note_count(l, "started_utc", r->started_utc);
}

static bool model_notes(const struct annotated *a, struct arena *arena, struct onnx_notes *out)
{
    const struct analysis *all = a->analysis;
    struct list l = list_new(arena);
    note(&l, "version", GABLE_VERSION);
    note_count(&l, "batch", all->batch);
    note_count(&l, "macs", all->total.macs);
    note_count(&l, "flops", all->total.flops);
    note_count(&l, "params", all->params);
    note_count(&l, "bytes_unfused", all->bytes.unfused);
    note_count(&l, "bytes_fused", all->bytes.fused);
    note_count(&l, "bytes_ideal", all->bytes.ideal);
    if (a->has_roof) {
        note(&l, "roof", a->roof_of);
        note_real(&l, "roof_flops_per_s", a->roof.peak);
        note_real(&l, "roof_bytes_per_s", a->roof.bandwidth);
    }
    if (a->has_run) note_run(&l, &a->run);
    *out = (struct onnx_notes){.n = l.n, .note = l.note};
    return !l.failed;
}

gable_status annotated_notes(const struct annotated *a, struct arena *arena, struct onnx_notes *model,
                             struct onnx_notes **nodes, int *n, gable_error *e)
{
    const struct graph *g = a->graph;
    *n = 0;
    for (int i = 0; i < g->n_nodes; i++)
        if (a->at[i] >= *n) *n = a->at[i] + 1;
    *nodes = arena_array(arena, (size_t)*n + 1, sizeof(**nodes));
    const struct group *groups = groups_of(a, arena);
    const int *group = groups_at(a, *n, arena);
    bool ok = *nodes && groups && group && model_notes(a, arena, model);
    struct stretch s = {0};
    for (int i = 0; i < g->n_nodes && ok; i++) {
        s.last = i;
        if (i + 1 < g->n_nodes && a->at[i + 1] == a->at[i]) continue;
        ok = node_notes(a, groups, group[a->at[i]], s, arena, &(*nodes)[a->at[i]]);
        for (int j = i ? a->at[i - 1] + 1 : 0; a->has_helpers && ok && j < a->at[i]; j++)
            ok = helper_notes(g->nodes[i], arena, &(*nodes)[j]);
        s.first = i + 1;
    }
    return ok ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for the notes of %d nodes", g->n_nodes);
}
