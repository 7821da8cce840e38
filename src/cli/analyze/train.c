/* gable analyze --train: what one step of training costs, what it keeps in memory, and the largest batch that fits. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/units.h"
#include "cli/table.h"
#include "engine/cpu/memory.h"

#include <stdio.h>

enum { BATCH_MAX = 65536 };

/* "1.97 x" of the forward pass, "" for nothing */
static struct cell cell_ratio(count part, count forward)
{
    struct cell c = {""};
    if (part > 0 && forward > 0 && part != COUNT_MAX && forward != COUNT_MAX)
        snprintf(c.text, sizeof c.text, "%.3f", (double)part / (double)forward);
    return c;
}

static void work_row(struct table *t, const char *name, const struct work *w, const struct work *forward)
{
    TABLE_ROW(t, -1, name, w->cost.macs ? cell_count(w->cost.macs).text : "",
              cell_ratio(w->cost.macs, forward->cost.macs).text, cell_count(w->cost.flops).text,
              cell_ratio(w->cost.flops, forward->cost.flops).text, cell_bytes(w->bytes).text,
              cell_ratio(w->bytes, forward->bytes).text, cell_intensity(w->cost.flops, w->bytes).text);
}

static struct work work_add(struct work a, struct work b)
{
    return (struct work){cost_add(a.cost, b.cost), count_add(a.bytes, b.bytes)};
}

static void print_passes(const struct training *t)
{
    struct table *table = table_new();
    struct work sum = {0};
    table_column(table, "pass", TABLE_LEFT);
    static const char *const titles[] = {"MACs", ": fwd", "FLOPs", ": fwd", "bytes", ": fwd", "FLOP/byte"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(table, titles[i], TABLE_RIGHT);
    for (int p = 0; p < PASS_N; p++) {
        work_row(table, train_pass_name((enum train_pass)p), &t->passes[p], &t->passes[PASS_FORWARD]);
        sum = work_add(sum, t->passes[p]);
    }
    work_row(table, "a step", &sum, &t->passes[PASS_FORWARD]);
    table_print(table, stdout);
    printf("\n");
}

static void print_kinds(const struct training *t)
{
    struct table *table = table_new();
    table_column(table, "FLOPs by type", TABLE_LEFT);
    static const char *const titles[] = {"forward", "data", "weights", "backward : fwd", "bytes fwd", "bytes backward"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(table, titles[i], TABLE_RIGHT);
    for (int k = 0; k < KIND_N; k++) {
        const struct work *w = t->kinds[k];
        struct work back = work_add(w[PASS_DATA], w[PASS_WEIGHT]);
        if (!w[PASS_FORWARD].bytes && !back.bytes) continue;
        TABLE_ROW(table, -1, op_kind_label((enum op_kind)k), cell_count(w[PASS_FORWARD].cost.flops).text,
                  cell_count(w[PASS_DATA].cost.flops).text, cell_count(w[PASS_WEIGHT].cost.flops).text,
                  cell_ratio(back.cost.flops, w[PASS_FORWARD].cost.flops).text, cell_bytes(w[PASS_FORWARD].bytes).text,
                  cell_bytes(back.bytes).text);
    }
    table_print(table, stdout);
    printf("\n");
}

static void memory_row(struct table *t, const char *name, count bytes, count total, const char *what)
{
    TABLE_ROW(t, -1, name, cell_bytes(bytes).text, quantity_exact(bytes).text, cell_share(bytes, total).text, what);
}

static void print_memory(const struct training *t, const struct subject *s)
{
    const struct training_memory *m = &t->memory;
    bool is_backward = false;
    const struct node *peak = timeline_node(&t->timeline, s->graph, t->timeline.peak_step, &is_backward);
    char where[96];
    snprintf(where, sizeof where, "other activations and gradients, at %.40s (%s)", peak->name,
             is_backward ? "backward" : "forward");
    struct table *table = table_new();
    table_column(table, "memory", TABLE_LEFT);
    static const char *const titles[] = {"value", "exactly", "share"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(table, titles[i], TABLE_RIGHT);
    table_column(table, "what it is", TABLE_CUT);
    memory_row(table, "weights", m->weights, m->total, "parameters and statistics");
    memory_row(table, "gradients", m->gradients, m->total, "of parameters");
    memory_row(table, "optimizer", m->optimizer, m->total, optimizer_name(s->optimizer));
    memory_row(table, "saved", m->saved, m->total, "what backward reads of forward, each once");
    memory_row(table, "working", m->working, m->total, where);
    memory_row(table, "total", m->total, m->total, "the most at once, without the loss and a library's workspace");
    table_print(table, stdout);
}

/* Bytes of the chip, or free on this machine; 0: unknown. */
static count capacity_of(const struct subject *s)
{
    return s->chip ? (count)s->chip->memory_bytes : (count)memory_available("");
}

/* Bytes of a step at that batch; COUNT_MAX where the model cannot be built so large. */
static count step_bytes(const struct subject *s, int batch)
{
    struct model_options o = s->options;
    struct graph *g = NULL;
    struct analysis *a = NULL;
    struct training *t = NULL;
    gable_error e = {0};
    o.zoo.batch = batch;
    bool ok = !model_open(s->word, &o, &g, &e) && !analysis_new(g, NULL, &a, &e) &&
              !training_new(a, s->optimizer, &t, &e) && a->batch == batch;
    count bytes = ok ? t->memory.total : COUNT_MAX;
    training_free(t);
    analysis_free(a);
    graph_free(g);
    return bytes;
}

struct point {
    int batch;
    count bytes;
};

/* The batch between the two that is tried next. Memory grows along lines that bend upwards at few places: where the
   line through two batches meets the capacity is nearly it. Halving where that has not led there soon. */
static int next_batch(struct point one, struct point other, count capacity, int fits, int beyond, int tries)
{
    enum { LINES = 8 };
    double slope = ((double)other.bytes - (double)one.bytes) / (other.batch - one.batch);
    double meets = other.batch + ((double)capacity - (double)other.bytes) / slope;
    if (tries > LINES || !(slope > 0)) return fits + (beyond - fits) / 2;
    return meets < fits + 1 ? fits + 1 : meets > beyond - 1 ? beyond - 1 : (int)meets;
}

/* By trying, from the batch at hand on; 0 where none fits. */
static int largest_batch(const struct subject *s, count now, count capacity)
{
    struct point last = {s->analysis->batch, now};
    int fits = now <= capacity ? last.batch : 0;
    int beyond = !fits ? last.batch : last.batch < BATCH_MAX ? BATCH_MAX + 1 : last.batch + 1;
    int next = fits < BATCH_MAX / 2 ? 2 * fits : BATCH_MAX;
    if (next <= fits || next >= beyond) next = fits + (beyond - fits) / 2;
    for (int tries = 0; beyond - fits > 1; tries++) {
        struct point p = {next, step_bytes(s, next)};
        if (p.bytes <= capacity)
            fits = next;
        else
            beyond = next;
        next = next_batch(last, p, capacity, fits, beyond, tries);
        last = p;
    }
    return fits;
}

static void print_largest(const struct subject *s, const struct training *t)
{
    count capacity = capacity_of(s);
    if (capacity <= 0) return;
    const char *where = s->chip ? s->chip->name : "this machine's available memory";
    int batch = largest_batch(s, t->memory.total, capacity);
    if (batch)
        printf("\nlargest batch in %s (%s): %s%d\n", where, cell_bytes(capacity).text,
               batch >= BATCH_MAX ? "at least " : "", batch);
    else
        printf("\nno batch fits %s (%s)\n", where, cell_bytes(capacity).text);
}

gable_status analyze_print_training(const struct subject *s, gable_error *e)
{
    struct training *t = NULL;
    gable_status status = training_new(s->analysis, s->optimizer, &t, e);
    if (status) return status;
    const struct node *dead_end = s->analysis->gradients.dead_end;
    printf("%s, batch %d, a training step with %s: %s\n\n", s->graph->name, s->analysis->batch,
           optimizer_name(s->optimizer), optimizer_words(s->optimizer));
    if (dead_end)
        printf("nothing flows back through %s (%s): what stands before it alone is not trained\n\n", dead_end->name,
               dead_end->op_type);
    if (!analyze_is_exact(s)) {
        analyze_print_coverage(s);
        printf("\n");
    }
    print_passes(t);
    print_kinds(t);
    print_memory(t, s);
    print_largest(s, t);
    training_free(t);
    return GABLE_OK;
}

json_t *analyze_json_backward(struct backward b)
{
    struct cost sum = backward_sum(b);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "macs", json_count(sum.macs), "flops", json_count(sum.flops),
                     "data_macs", json_count(b.data.macs), "weight_macs", json_count(b.weight.macs), "data_flops",
                     json_count(b.data.flops), "weight_flops", json_count(b.weight.flops));
}

static json_t *passes_json(const struct work *w, int n)
{
    json_t *passes = json_object();
    for (int p = 0; p < n; p++)
        json_object_set_new(passes, train_pass_name((enum train_pass)p),
                            json_pack("{s:o, s:o, s:o}", "macs", json_count(w[p].cost.macs), "flops",
                                      json_count(w[p].cost.flops), "bytes", json_count(w[p].bytes)));
    return passes;
}

json_t *analyze_json_training_memory(const struct training *t)
{
    const struct training_memory *m = &t->memory;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "weights", json_count(m->weights), "gradients",
                     json_count(m->gradients), "optimizer", json_count(m->optimizer), "saved", json_count(m->saved),
                     "working", json_count(m->working), "total", json_count(m->total));
}

json_t *analyze_json_training(const struct subject *s, const struct training *t)
{
    json_t *o = json_pack("{s:s, s:o}", "optimizer", optimizer_name(s->optimizer), "passes",
                          passes_json(t->passes, PASS_N)),
           *kinds = json_array();
    for (int k = 0; k < KIND_N; k++)
        if (s->analysis->kinds[k].nodes) {
            json_t *kind = passes_json(t->kinds[k], PASS_UPDATE);
            json_object_set_new(kind, "kind", json_text(op_kind_name((enum op_kind)k)));
            json_array_append_new(kinds, kind);
        }
    json_object_set_new(o, "kinds", kinds);
    count capacity = s->is_training ? capacity_of(s) : 0;
    if (capacity > 0) {
        json_object_set_new(o, "capacity", json_count(capacity));
        json_object_set_new(o, "largest_batch", json_integer(largest_batch(s, t->memory.total, capacity)));
    }
    return o;
}
