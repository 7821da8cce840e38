/* gable analyze --memory: what is alive at the peak, when, and what would lower it. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/skyline.h"
#include "cli/table.h"
#include "ops/peak.h"
#include "report/draw.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 24, HEIGHT = 8, NAMES_MAX = 4 };

/* One pass of inference or one step of training, and what would lower its peak. */
struct story {
    const struct graph *g;
    const struct timeline *t;
    struct peak_changes changes;
    struct arena *arena;
    struct training *training; /* NULL for inference */
};

static void story_release(struct story *s)
{
    training_free(s->training);
    arena_free(s->arena);
}

static gable_status story_make(const struct subject *s, struct story *out, gable_error *e)
{
    struct storage storage;
    *out = (struct story){.g = s->graph, .t = &s->analysis->timeline, .arena = arena_new((size_t)1 << 30)};
    gable_status status = s->is_training ? training_new(s->analysis, s->optimizer, &out->training, e) : GABLE_OK;
    if (status) return status;
    if (out->training) out->t = &out->training->timeline;
    bool ok = out->training ? peak_training(s->graph, &out->training->storage, &s->analysis->gradients, out->t,
                                            out->arena, &out->changes)
                            : storage_find(s->graph, false, out->arena, &storage) &&
                                  peak_inference(s->graph, &storage, out->t, out->arena, &out->changes);
    return ok ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to look at %d nodes", s->graph->n_nodes);
}

static int by_bytes(const void *a, const void *b)
{
    const struct lifetime *const *p = a, *const *q = b;
    if ((*p)->bytes != (*q)->bytes) return (*p)->bytes < (*q)->bytes ? 1 : -1;
    return (*p)->from - (*q)->from;
}

/* The lifetimes of the peak's step, the largest first; in the story's arena. */
static const struct lifetime **alive_at_peak(const struct story *s, int *n)
{
    const struct lifetime **list = arena_array(s->arena, (size_t)s->t->n_lifetimes + 1, sizeof *list);
    *n = 0;
    for (int i = 0; list && i < s->t->n_lifetimes; i++) {
        const struct lifetime *l = &s->t->lifetimes[i];
        if (l->from <= s->t->peak_step && l->to >= s->t->peak_step) list[(*n)++] = l;
    }
    if (list) qsort(list, (size_t)*n, sizeof *list, by_bytes);
    return list;
}

static const char *kind_words(const struct lifetime *l)
{
    static const char *const words[] = {"activation", "kept for backward", "gradient",
                                        "kept beside (masks, statistics)"};
    return l->kind == LIFETIME_ACTIVATION && l->tensor->role == ROLE_INPUT ? "model input" : words[l->kind];
}

/* "12 to 40" in steps from 1 */
static struct cell cell_steps(const struct lifetime *l)
{
    struct cell c;
    snprintf(c.text, sizeof c.text, "%d to %d", l->from + 1, l->to + 1);
    return c;
}

static void print_alive(const struct story *s)
{
    int n;
    const struct lifetime **list = alive_at_peak(s, &n);
    count rest = 0;
    struct table *t = table_new();
    table_column(t, "alive at the peak", TABLE_CUT);
    table_column(t, "bytes", TABLE_RIGHT);
    table_column(t, "exactly", TABLE_RIGHT);
    table_column(t, "share", TABLE_RIGHT);
    table_column(t, "shape", TABLE_LEFT);
    table_column(t, "steps", TABLE_LEFT);
    table_column(t, "what it is", TABLE_CUT);
    for (int i = 0; list && i < n; i++) {
        const struct lifetime *l = list[i];
        if (i >= ROWS_MAX) {
            rest = count_add(rest, l->bytes);
            continue;
        }
        TABLE_ROW(t, -1, l->tensor->name, cell_bytes(l->bytes).text, quantity_exact(l->bytes).text,
                  cell_share(l->bytes, s->t->peak).text, cell_shape(&l->tensor->shape).text, cell_steps(l).text,
                  kind_words(l));
    }
    if (rest) {
        char others[48];
        snprintf(others, sizeof others, "%d others", n - ROWS_MAX);
        TABLE_ROW(t, -1, others, cell_bytes(rest).text, quantity_exact(rest).text, cell_share(rest, s->t->peak).text);
    }
    table_print(t, stdout);
}

static void print_skyline(const struct story *s)
{
    struct text out = {0};
    if (s->t->peak <= 0 || s->t->peak == COUNT_MAX) return;
    printf("alive over the steps, 1 to %d, at most %s\n", s->t->n_steps, cell_bytes(s->t->peak).text);
    skyline_draw(&(struct skyline){.values = s->t->alive,
                                   .n = s->t->n_steps,
                                   .mark = s->t->peak_step,
                                   .most = s->t->peak,
                                   .width = term_width(stdout),
                                   .height = HEIGHT,
                                   .is_utf8 = term_is_utf8()},
                 &out);
    if (out.data) fputs(out.data, stdout);
    text_release(&out);
    printf("\n");
}

/* "a, b, c and 5 more" */
static void add_names(struct text *t, const struct peak_change *c)
{
    for (int i = 0; i < c->n_nodes && i < NAMES_MAX; i++) {
        text_add(t, i ? ", " : "");
        text_add_safe(t, c->nodes[i]->name, 60);
    }
    if (c->n_nodes > NAMES_MAX) text_addf(t, " and %d more", c->n_nodes - NAMES_MAX);
}

static void say_change(const struct peak_change *c, struct text *t)
{
    switch (c->kind) {
    case PEAK_IN_PLACE:
        text_addf(t, "in place: %d node%s write%s over an input: ", c->n_nodes, c->n_nodes == 1 ? "" : "s",
                  c->n_nodes == 1 ? "s" : "");
        add_names(t, c);
        break;
    case PEAK_ORDER:
        text_add(t, "order: ");
        add_names(t, c);
        text_add(t, c->before ? " runs just before " : " runs last");
        if (c->before) text_add_safe(t, c->before->name, 60);
        break;
    case PEAK_RECOMPUTE:
        text_add(t, "recomputation: drop ");
        text_add_safe(t, c->tensor->name, 60);
        if (c->n_dropped > 1) text_addf(t, " and %d others", c->n_dropped - 1);
        text_addf(t, ", run %d node%s again (+%s FLOPs): ", c->n_nodes, c->n_nodes == 1 ? "" : "s",
                  cell_count(c->flops).text);
        add_names(t, c);
        break;
    case PEAK_KINDS: break;
    }
}

/* "in place, order"; "" where everything was tried. */
static void add_skipped(struct text *t, const struct peak_changes *c)
{
    for (int k = 0; k < PEAK_KINDS; k++)
        if (c->is_skipped[k]) text_addf(t, "%s%s", t->len ? ", " : "", peak_change_name((enum peak_change_kind)k));
}

static void print_skipped(const struct story *s)
{
    struct text skipped = {0};
    add_skipped(&skipped, &s->changes);
    if (skipped.len)
        printf("\nNot searched, for %d nodes are too many (or a count is too large): %s.\n", s->g->n_nodes,
               skipped.data);
    text_release(&skipped);
}

static void print_changes(const struct story *s)
{
    bool is_whole = true;
    for (int k = 0; k < PEAK_KINDS; k++) is_whole &= !s->changes.is_skipped[k];
    print_skipped(s);
    if (!s->changes.n) {
        if (is_whole) printf("\nNo single move, no writing in place and no recomputation lowers this peak.\n");
        return;
    }
    printf("\nwhat would lower it, the smallest change first\n");
    for (int i = 0; i < s->changes.n; i++) {
        const struct peak_change *c = &s->changes.change[i];
        struct text t = {0};
        say_change(c, &t);
        printf("  %s (-%s)  %s\n", cell_bytes(c->peak).text, cell_share(s->t->peak - c->peak, s->t->peak).text,
               t.data ? t.data : "");
        text_release(&t);
    }
}

static void print_story(const struct subject *s, const struct story *story)
{
    bool is_backward;
    const struct node *n = timeline_node(story->t, s->graph, story->t->peak_step, &is_backward);
    struct text name = {0};
    text_add_safe(&name, n->name, 80);
    printf("%s, batch %d%s: peak %s (%s bytes) at step %d of %d, %s (%s%s); weights of %s apart\n\n", s->graph->name,
           s->analysis->batch, s->is_training ? ", training" : "", cell_bytes(story->t->peak).text,
           quantity_exact(story->t->peak).text, story->t->peak_step + 1, story->t->n_steps, name.data ? name.data : "",
           n->op_type, is_backward ? ", backward" : "", cell_bytes(s->analysis->memory.weights).text);
    text_release(&name);
    print_skyline(story);
    print_alive(story);
    print_changes(story);
}

static gable_status draw(const struct subject *s, const struct story *story, const char *figure, gable_error *e)
{
    char what[160];
    snprintf(what, sizeof what, "%.80s, batch %d%s", s->graph->name, s->analysis->batch,
             s->is_training ? ", training" : "");
    json_t *spec = figure_memory(s->graph, story->t, what, e);
    gable_status status = spec ? draw_file(spec, figure, e) : e->status;
    json_decref(spec);
    return status;
}

gable_status analyze_print_memory(const struct subject *s, const char *figure, gable_error *e)
{
    struct story story;
    gable_status status = story_make(s, &story, e);
    if (!status) print_story(s, &story);
    if (!status && figure) status = draw(s, &story, figure, e);
    story_release(&story);
    return status;
}

static json_t *change_json(const struct peak_change *c)
{
    json_t *nodes = json_array();
    for (int i = 0; i < c->n_nodes; i++) json_array_append_new(nodes, json_text(c->nodes[i]->name));
    json_t *o =
        json_pack("{s:s, s:o, s:o}", "kind", peak_change_name(c->kind), "peak", json_count(c->peak), "nodes", nodes);
    if (c->kind == PEAK_ORDER) json_object_set_new(o, "before", c->before ? json_text(c->before->name) : json_null());
    if (c->kind == PEAK_RECOMPUTE) {
        json_object_set_new(o, "tensor", json_text(c->tensor->name));
        json_object_set_new(o, "dropped", json_integer(c->n_dropped));
        json_object_set_new(o, "flops", json_count(c->flops));
    }
    return o;
}

static json_t *story_json(const struct story *s)
{
    int n;
    bool is_backward;
    const struct lifetime **list = alive_at_peak(s, &n);
    json_t *alive = json_array(), *tensors = json_array(), *changes = json_array();
    for (int i = 0; i < s->t->n_steps; i++) json_array_append_new(alive, json_count(s->t->alive[i]));
    for (int i = 0; list && i < n; i++)
        json_array_append_new(tensors, json_pack("{s:o, s:o, s:s, s:i, s:i}", "name", json_text(list[i]->tensor->name),
                                                 "bytes", json_count(list[i]->bytes), "kind", kind_words(list[i]),
                                                 "from", list[i]->from, "to", list[i]->to));
    for (int i = 0; i < s->changes.n; i++) json_array_append_new(changes, change_json(&s->changes.change[i]));
    json_t *skipped = json_array();
    for (int k = 0; k < PEAK_KINDS; k++)
        if (s->changes.is_skipped[k])
            json_array_append_new(skipped, json_string(peak_change_name((enum peak_change_kind)k)));
    const struct node *peak = timeline_node(s->t, s->g, s->t->peak_step, &is_backward);
    return json_pack("{s:o, s:i, s:o, s:b, s:o, s:o, s:o, s:o}", "peak", json_count(s->t->peak), "step",
                     s->t->peak_step, "node", json_text(peak->name), "backward", is_backward, "alive", alive, "tensors",
                     tensors, "changes", changes, "not_searched", skipped);
}

/* null where memory is out */
json_t *analyze_json_timeline(const struct subject *s, const char *figure, gable_error *e)
{
    struct story story;
    json_t *o = story_make(s, &story, e) ? json_null() : story_json(&story);
    if (!e->status && figure) draw(s, &story, figure, e);
    story_release(&story);
    return o;
}
