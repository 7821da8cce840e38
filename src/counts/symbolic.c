#include "counts/symbolic.h"

#include "base/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_MAX = 512, CHECKS = 4, FILE_BASE = 64, FILE_BASE_LARGE = 256 };

const char *symbolic_name(enum symbolic_of of)
{
    static const char *const names[] = {"MACs", "FLOPs", "bytes, unfused", "bytes, fused", "bytes, ideal", "peak live"};
    return names[of];
}

/* The model's totals at one point. */
struct sample {
    int64_t x[POLYNOMIAL_VARIABLES];
    bool is_ok;
    count totals[SYMBOLIC_N]; /* the peak's: its bytes */
    int n_steps, peak_step;
    count *alive;
};
struct search {
    const struct subject *s;
    struct symbolic *out;
    int n_samples;
    struct sample *samples;
    gable_error first_fault; /* of a point that could not be computed */
};

static void set_option(struct model_options *o, struct onnx_binding *bindings, const struct symbol *y, int64_t value)
{
    switch (y->kind) {
    case SYMBOL_BATCH: o->zoo.batch = (int)value; break;
    case SYMBOL_HEIGHT: o->zoo.height = (int)value; break;
    case SYMBOL_WIDTH: o->zoo.width = (int)value; break;
    case SYMBOL_BINDING: bindings[o->n_bindings++] = (struct onnx_binding){y->name, value}; break;
    }
}

static gable_status load_at(const struct subject *s, const struct symbolic *y, const int64_t *x, struct subject *out,
                            gable_error *e)
{
    struct onnx_binding bindings[POLYNOMIAL_VARIABLES + MODEL_BINDINGS_MAX];
    struct model_options o = s->options;
    for (int i = 0; i < o.n_bindings; i++) bindings[i] = o.bindings[i];
    o.bindings = bindings;
    for (int i = 0; i < y->n; i++) set_option(&o, bindings, &y->symbols[i], x[i]);
    if (!subject_load(s->word, &o, s->rules, out, e)) return GABLE_OK;
    struct text at = {0};
    for (int i = 0; i < y->n; i++) text_addf(&at, "%s%.40s=%lld", i ? ", " : "", y->symbols[i].name, (long long)x[i]);
    error_within(e, "with %s", at.data ? at.data : "");
    text_release(&at);
    return e->status;
}

static gable_status compute(const struct search *q, struct sample *p, gable_error *e)
{
    struct subject at = {.word = q->s->word};
    gable_status s = load_at(q->s, q->out, p->x, &at, e);
    if (!s) {
        const struct analysis *a = at.analysis;
        const count totals[SYMBOLIC_N] = {a->total.macs,  a->total.flops, a->bytes.unfused,
                                          a->bytes.fused, a->bytes.ideal, a->timeline.peak};
        memcpy(p->totals, totals, sizeof totals);
        p->n_steps = a->timeline.n_steps;
        p->peak_step = a->timeline.peak_step;
        p->alive = calloc((size_t)p->n_steps + 1, sizeof *p->alive);
        if (p->alive) memcpy(p->alive, a->timeline.alive, (size_t)p->n_steps * sizeof *p->alive);
        p->is_ok = p->alive != NULL;
    }
    subject_release(&at);
    return s;
}

/* Every point is computed once. NULL where it cannot be. */
static const struct sample *sample_at(struct search *q, const int64_t *x)
{
    gable_error e = {0};
    for (int i = 0; i < q->n_samples; i++)
        if (!memcmp(q->samples[i].x, x, (size_t)q->out->n * sizeof *x))
            return q->samples[i].is_ok ? &q->samples[i] : NULL;
    if (q->n_samples == SAMPLES_MAX) return NULL;
    struct sample *p = &q->samples[q->n_samples++];
    memcpy(p->x, x, (size_t)q->out->n * sizeof *x);
    if (compute(q, p, &e) && !q->first_fault.status) q->first_fault = e;
    return p->is_ok ? p : NULL;
}

/* How values are chosen: so far apart, so many. */
struct attempt {
    int64_t step;
    int degree;
};

static struct grid grid_of(const struct symbolic *y, const struct attempt *t)
{
    struct grid g = {.n = y->n};
    for (int i = 0; i < y->n; i++) {
        g.base[i] = y->symbols[i].base;
        g.step[i] = y->symbols[i].is_batch ? 1 : t->step;
        g.degree[i] = t->degree;
        if (y->symbols[i].is_batch && y->n > 1) g.degree[i] = 1;
    }
    return g;
}

/* Points off the grid: all values beyond it together, apart, and, where they can be, before it. */
static bool check_point(const struct grid *g, int k, int64_t *x)
{
    for (int i = 0; i < g->n; i++) {
        static const int forward[CHECKS][POLYNOMIAL_VARIABLES] = {
            {1, 1, 1, 1}, {2, 3, 2, 4}, {4, 2, 5, 1}, {3, -2, -1, -1}};
        int t = forward[k][i] < 0 ? forward[k][i] : g->degree[i] + forward[k][i];
        x[i] = g->base[i] + t * g->step[i];
        if (x[i] < 1 || (k == CHECKS - 1 && x[i] < g->base[i] / 2)) return false;
    }
    return true;
}

static count value_of(const struct sample *p, enum symbolic_of of, int step)
{
    return of == SYMBOLIC_PEAK ? (step < p->n_steps ? p->alive[step] : COUNT_MAX) : p->totals[of];
}

static bool fit(struct search *q, const struct grid *g, enum symbolic_of of, int step, struct polynomial *out)
{
    count values[POLYNOMIAL_TERMS];
    for (int k = 0; k < grid_points(g); k++) {
        int64_t x[POLYNOMIAL_VARIABLES] = {0};
        grid_at(g, k, x);
        const struct sample *p = sample_at(q, x);
        if (!p) return false;
        values[k] = value_of(p, of, step);
    }
    return polynomial_fit(g, values, out);
}

/* The number of points off the grid where it is right; -1 where it is wrong. */
static int check(struct search *q, const struct grid *g, enum symbolic_of of, int step, const struct polynomial *p)
{
    int n = 0;
    for (int k = 0; k < CHECKS; k++) {
        int64_t x[POLYNOMIAL_VARIABLES] = {0};
        count value;
        const struct sample *at = check_point(g, k, x) ? sample_at(q, x) : NULL;
        if (!at) continue;
        if (!polynomial_value(p, x, &value) || value != value_of(at, of, step)) return -1;
        n++;
    }
    return n;
}

static void attempt(struct search *q, const struct attempt *t)
{
    struct symbolic *y = q->out;
    const struct grid g = grid_of(y, t);
    int64_t base[POLYNOMIAL_VARIABLES] = {0};
    grid_at(&g, 0, base);
    const struct sample *first = sample_at(q, base);
    if (!first) return;
    for (int i = 0; i < SYMBOLIC_N; i++) {
        enum symbolic_of of = (enum symbolic_of)i;
        struct symbolic_total *total = &y->totals[of];
        if (total->is_found || !fit(q, &g, of, first->peak_step, &total->p)) continue;
        total->n_checked = check(q, &g, of, first->peak_step, &total->p);
        total->is_found = total->n_checked > 0;
        total->step = t->step;
        total->degree = t->degree;
    }
}

static bool all_found(const struct symbolic *y)
{
    for (int of = 0; of < SYMBOLIC_N; of++)
        if (!y->totals[of].is_found) return false;
    return true;
}

/* Holds at half the step too, and so for twice as many values? All together: one point. */
static void halve(struct search *q)
{
    struct symbolic *y = q->out;
    for (int64_t step = y->totals[0].step; step > 1 && step % 2 == 0; step /= 2) {
        int64_t x[POLYNOMIAL_VARIABLES] = {0};
        for (int i = 0; i < y->n; i++)
            x[i] = y->symbols[i].base + (y->symbols[i].is_batch ? 1 : step / 2 * (i % 2 ? 1 : 3));
        const struct sample *p = sample_at(q, x);
        for (int of = 0; of < SYMBOLIC_N; of++) {
            count value;
            const struct symbolic_total *t = &y->totals[of];
            if (!p || !t->is_found || t->step != step || !polynomial_value(&t->p, x, &value) ||
                value != value_of(p, (enum symbolic_of)of, q->samples[0].peak_step))
                return;
        }
        for (int of = 0; of < SYMBOLIC_N; of++) {
            y->totals[of].step = step / 2;
            y->totals[of].n_checked++;
        }
    }
}

/* Which steps are the peak at the points that were looked at, and the bytes alive there. */
static void find_pieces(struct search *q)
{
    struct symbolic *y = q->out;
    const struct attempt t = {y->totals[SYMBOLIC_PEAK].step, y->totals[SYMBOLIC_PEAK].degree};
    const struct grid g = grid_of(y, &t);
    int steps[SYMBOLIC_PIECES] = {0};
    for (int i = 0, n = q->n_samples; i < n; i++) {
        const struct sample *p = &q->samples[i];
        int k = 0;
        if (!p->is_ok) continue;
        y->n_points++;
        while (k < y->n_pieces && steps[k] != p->peak_step) k++;
        if (k == SYMBOLIC_PIECES || (k == y->n_pieces && p->peak_step >= q->s->graph->n_nodes)) continue;
        struct symbolic_piece *piece = &y->pieces[k];
        if (k == y->n_pieces) {
            if (!y->totals[SYMBOLIC_PEAK].is_found || !fit(q, &g, SYMBOLIC_PEAK, p->peak_step, &piece->p) ||
                check(q, &g, SYMBOLIC_PEAK, p->peak_step, &piece->p) < 1)
                continue;
            steps[y->n_pieces++] = p->peak_step;
            piece->node = q->s->graph->nodes[p->peak_step];
            memcpy(piece->first, p->x, sizeof piece->first);
        }
        piece->n_points++;
    }
}

static gable_status add_symbol(struct symbolic *y, const char *name, enum symbol_kind kind, bool is_batch, int64_t base,
                               gable_error *e)
{
    if (y->n == POLYNOMIAL_VARIABLES)
        return error_set(e, GABLE_BAD_INPUT, "more than %d free dimensions: bind some with --bind NAME=VALUE",
                         POLYNOMIAL_VARIABLES);
    struct symbol *s = &y->symbols[y->n++];
    snprintf(s->name, sizeof s->name, "%s", name);
    s->kind = kind;
    s->is_batch = is_batch;
    s->base = base;
    return GABLE_OK;
}

static gable_status find_symbols(const struct subject *s, struct symbolic *y, gable_error *e)
{
    const struct zoo_options *o = &s->options.zoo;
    struct onnx_frees frees;
    gable_status status = model_frees(s->word, &s->options, &frees, e);
    if (status) return status;
    if (!onnx_is_path(s->word)) {
        add_symbol(y, "N", SYMBOL_BATCH, true, 1, e);
        add_symbol(y, "H", SYMBOL_HEIGHT, false, o->height ? o->height : 224, e);
        return add_symbol(y, "W", SYMBOL_WIDTH, false, o->width ? o->width : 224, e);
    }
    if (frees.has_batch) status = add_symbol(y, "N", SYMBOL_BATCH, true, 1, e);
    for (int i = 0; i < frees.n && !status; i++)
        status = add_symbol(y, frees.name[i], SYMBOL_BINDING, frees.is_first[i], frees.is_first[i] ? 1 : FILE_BASE, e);
    if (!status && !y->n)
        return error_set(e, GABLE_BAD_INPUT, "%.200s has no free dimension: its numbers are what they are",
                         input_name(s->word));
    return status;
}

static void try_attempts(struct search *q)
{
    /* all models of the zoo shrink images by 32; pooling to 6 or 7 bins then wants a multiple of these */
    static const struct attempt zoo[] = {{32, 1}, {192, 1}, {224, 1}, {32, 2}};
    static const struct attempt file[] = {{1, 1},  {1, 2},  {1, 3},  {2, 1},  {4, 1},   {8, 1},
                                          {16, 1}, {32, 1}, {64, 1}, {32, 2}, {192, 1}, {224, 1}};
    bool is_file = onnx_is_path(q->s->word);
    const struct attempt *list = is_file ? file : zoo;
    for (size_t i = 0; i < (is_file ? COUNT_OF(file) : COUNT_OF(zoo)) && !all_found(q->out); i++) attempt(q, &list[i]);
}

/* Nothing can be computed where the search starts: images may need more room than sequences. */
static void start_larger(struct search *q)
{
    int64_t base[POLYNOMIAL_VARIABLES] = {0};
    for (int i = 0; i < q->out->n; i++) base[i] = q->out->symbols[i].base;
    if (sample_at(q, base)) return;
    for (int i = 0; i < q->out->n; i++)
        if (q->out->symbols[i].base == FILE_BASE) q->out->symbols[i].base = FILE_BASE_LARGE;
    q->n_samples = 0;
    memset(q->samples, 0, SAMPLES_MAX * sizeof *q->samples);
}

gable_status symbolic_load(struct subject *s, gable_error *e)
{
    struct symbolic y = {0};
    int64_t x[POLYNOMIAL_VARIABLES] = {0};
    gable_error none = {0}, first = {0};
    gable_status status = find_symbols(s, &y, &none);
    if (status || !onnx_is_path(s->word)) return subject_load(s->word, &s->options, s->rules, s, e);
    for (int base = FILE_BASE; base <= FILE_BASE_LARGE; base *= FILE_BASE_LARGE / FILE_BASE) {
        gable_error *to = base == FILE_BASE ? &first : &none;
        for (int i = 0; i < y.n; i++) x[i] = y.symbols[i].is_batch ? s->options.zoo.batch : base;
        none = (gable_error){0};
        status = load_at(s, &y, x, s, to);
        if (!status) return GABLE_OK;
        subject_release(s);
    }
    *e = first;
    return status ? status : GABLE_FAILED;
}

gable_status symbolic_find(const struct subject *s, struct symbolic *out, gable_error *e)
{
    struct search q = {.s = s, .out = out};
    *out = (struct symbolic){0};
    gable_status status = find_symbols(s, out, e);
    if (status) return status;
    q.samples = calloc(SAMPLES_MAX, sizeof *q.samples);
    if (!q.samples) return error_set(e, GABLE_NO_MEMORY, "no memory for samples");
    if (onnx_is_path(s->word)) start_larger(&q);
    try_attempts(&q);
    if (!out->totals[SYMBOLIC_MACS].is_found && q.first_fault.status) {
        *e = q.first_fault;
        status = e->status;
    } else {
        if (all_found(out)) halve(&q);
        find_pieces(&q);
    }
    for (int i = 0; i < q.n_samples; i++) free(q.samples[i].alive);
    free(q.samples);
    return status;
}

static double intensity_at(const struct symbolic *y, int symbol, int64_t value)
{
    double x[POLYNOMIAL_VARIABLES];
    for (int i = 0; i < y->n; i++) x[i] = (double)(i == symbol ? value : y->symbols[i].base);
    return polynomial_real(&y->totals[SYMBOLIC_FLOPS].p, x) / polynomial_real(&y->totals[SYMBOLIC_FUSED].p, x);
}

/* Intensity grows with every dimension that shares the weights among more work: doubling, then halving the interval. */
bool symbolic_crossing(const struct symbolic *y, int symbol, double ridge, struct crossing *out)
{
    enum { MOST = 1 << 24 };
    const struct symbolic_total *flops = &y->totals[SYMBOLIC_FLOPS], *bytes = &y->totals[SYMBOLIC_FUSED];
    bool is_batch = y->symbols[symbol].is_batch;
    int64_t step = is_batch ? 1 : flops->step > bytes->step ? flops->step : bytes->step;
    int64_t first = is_batch ? 1 : y->symbols[symbol].base % step ? y->symbols[symbol].base % step : step;
    *out = (struct crossing){0};
    if (!flops->is_found || !bytes->is_found) return false;
    int64_t low = 0, high = 1; /* steps beyond the first */
    if (intensity_at(y, symbol, first) >= ridge) {
        *out = (struct crossing){-1, 0, intensity_at(y, symbol, first)};
        return true;
    }
    while (high < MOST && intensity_at(y, symbol, first + high * step) < ridge) {
        low = high;
        high *= 2;
    }
    if (high >= MOST) {
        out->above = intensity_at(y, symbol, first + high * step);
        return true;
    }
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (intensity_at(y, symbol, first + middle * step) < ridge)
            low = middle;
        else
            high = middle;
    }
    *out = (struct crossing){first + high * step, intensity_at(y, symbol, first + low * step),
                             intensity_at(y, symbol, first + high * step)};
    return true;
}
