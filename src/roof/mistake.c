#include "roof/mistake.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Penalties: how surprising each mistake is. A sum above the last is no explanation: with so many changes anything
   fits. A value that the same file states elsewhere is hardly a change. */
static const double tolerance = 0.005, penalty_max = 2.6, hint_penalty = 0.3, unused_hint_penalty = 0.6;
enum { WHOLES_MAX = 24 };

struct alternative {
    double times; /* what it makes of the right value */
    double penalty;
    char words[120]; /* "" for no change */
};
struct list {
    int n;
    double unused; /* penalty where no alternative is taken */
    struct alternative a[WHOLES_MAX];
};
struct search {
    double ratio; /* stated / right */
    struct list factor[FACTORS_MAX], whole;
    int n;
    int chosen[FACTORS_MAX], best[FACTORS_MAX], best_whole;
    double least;
};

static void PRINTF_LIKE(4, 5) offer(struct list *l, double times, double penalty, const char *format, ...)
{
    if (l->n == WHOLES_MAX || !(times > 0) || fabs(times - 1) < 1e-9) return;
    struct alternative *a = &l->a[l->n++];
    va_list args;
    va_start(args, format);
    vsnprintf(a->words, sizeof a->words, format, args);
    va_end(args);
    a->times = times;
    a->penalty = penalty;
}

static void offer_clock(struct list *l, const struct chip *c, double value)
{
    static const char *const which[] = {"base", "boost"};
    for (int i = 0; i < 2; i++) {
        double clock = chip_clock(c, which[i]);
        offer(l, clock / value, 0.6, "the %s clock, %g GHz, in place of %g", which[i], clock, value);
    }
}

static void offer_rate(struct list *l, const struct chip *c, double value)
{
    static const char *const which[] = {"base", "boost"};
    for (int i = 0; i < 2; i++) {
        double clock = chip_clock(c, which[i]);
        offer(l, clock / value, 1, "the core clock, %g GHz, taken for the memory's %g GT/s", clock, value);
    }
    offer(l, 0.5, 0.8, "the memory's clock in place of its transfers, two per cycle");
    offer(l, 2, 1, "transfers taken for a clock and doubled");
}

static void offer_factor(const struct mistake_question *q, const struct factor *f, struct list *l)
{
    double v = f->value;
    for (int i = 0; i < q->n_hints; i++)
        if (q->hints[i].role == f->role) {
            offer(l, q->hints[i].value / v, hint_penalty, "%s", q->hints[i].words);
            l->unused = unused_hint_penalty;
        }
    switch (f->role) {
    case FACTOR_SOCKETS:
        offer(l, 1 / v, 1, "one socket of %g", v);
        offer(l, 2, 1.2, "sockets counted twice");
        break;
    case FACTOR_CORES:
        offer(l, 2, 1, "cores counted twice%s", q->chip->kind == CHIP_CPU ? " (threads taken for cores)" : "");
        offer(l, 1 / v, 1.2, "one core of %g", v);
        break;
    case FACTOR_CLOCK: offer_clock(l, q->chip, v); break;
    case FACTOR_LANES:
        offer(l, 1 / v, 0.8, "the vector width, %g lanes, left out", v);
        if (q->chip->kind == CHIP_CPU) offer(l, 2, 1.3, "%g lanes in place of %g", 2 * v, v);
        if (q->chip->kind == CHIP_CPU) offer(l, 0.5, 1.3, "%g lanes in place of %g", v / 2, v);
        break;
    case FACTOR_UNITS: offer(l, 1 / v, 1, "one unit of %g", v); break;
    case FACTOR_TWO: offer(l, 0.5, 0.6, "the factor 2 is missing: a multiply-add is two operations"); break;
    case FACTOR_CHANNELS: offer(l, 1 / v, 1, "one channel of %g", v); break;
    case FACTOR_RATE: offer_rate(l, q->chip, v); break;
    case FACTOR_BYTES:
        if (v == 8) offer(l, 0.25, 1.1, "2 bytes per transfer in place of 8");
        if (v == 8) offer(l, 0.5, 1.1, "4 bytes per transfer in place of 8");
        break;
    case FACTOR_EIGHT:
    case FACTOR_BUS:
    case FACTOR_OTHER: break;
    }
}

static bool is_matrix_type(enum dtype d) { return d != DTYPE_F64 && d != DTYPE_F32 && d != DTYPE_UNDEFINED; }

static void offer_own_rates(const struct mistake_question *q, struct list *l)
{
    for (int i = 0; i < q->chip->n_rates; i++) {
        const struct chip_rate *r = &q->chip->rates[i];
        if (r == q->rate) continue;
        offer(l, r->value / q->rate->value, 0.65, "that is its %s rate%s%s", dtype_name(r->dtype), *r->what ? ", " : "",
              r->what);
    }
}

/* The words before the last space or underscore: products that differ in memory or form only. */
static bool is_sibling(const struct chip *a, const struct chip *b)
{
    size_t same = 0;
    while (a->id[same] && a->id[same] == b->id[same]) same++;
    const char *model = strchr(a->id, '_');
    return model && a != b && strcspn(model + 1, "_") < same - (size_t)(model - a->id) && !strcmp(a->unit, b->unit);
}

static const struct chip_rate *same_rate(const struct mistake_question *q, const struct chip *other)
{
    if (q->rate == &q->chip->bandwidth) return other->bandwidth.value > 0 ? &other->bandwidth : NULL;
    for (int i = 0; i < other->n_rates; i++)
        if (other->rates[i].dtype == q->rate->dtype && !strcmp(other->rates[i].what, q->rate->what))
            return &other->rates[i];
    return NULL;
}

static void offer_siblings(const struct mistake_question *q, struct list *l)
{
    for (int i = 0; q->chips && i < q->chips->n; i++) {
        const struct chip *other = &q->chips->chip[i];
        const struct chip_rate *r = is_sibling(q->chip, other) ? same_rate(q, other) : NULL;
        if (r) offer(l, r->value / q->rate->value, 0.55, "that is the value of another product, %s", other->id);
    }
}

static void offer_wholes(const struct mistake_question *q, struct list *l)
{
    static const double gib = 1.073741824;
    bool is_bandwidth = q->rate && q->rate == &q->chip->bandwidth;
    for (int i = 0; i < q->n_wholes; i++)
        offer(l, q->wholes[i].value / q->right, hint_penalty, "%s", q->wholes[i].words);
    offer(l, 1000, 0.5, "a unit off by a thousand");
    offer(l, 0.001, 0.5, "a unit off by a thousand");
    if (!q->rate) return;
    if (is_bandwidth) {
        offer(l, 8, 0.7, "Gbit/s printed as GB/s");
        offer(l, 0.125, 0.8, "divided by 8 as if it were Gbit/s");
        offer(l, 1 / gib, 0.9, "GiB/s printed as GB/s");
        offer(l, gib, 1, "GB/s taken for GiB/s");
        offer(l, 2, 1.1, "both directions added");
    } else {
        if (is_matrix_type(q->rate->dtype) && q->chip->kind != CHIP_CPU)
            offer(l, 2, 0.5, "with structured sparsity: twice the dense rate");
        if (!q->factors.n) offer(l, 0.5, 0.9, "multiply-adds counted as one operation");
        offer(l, 2, 1.5, "counted twice");
        offer_own_rates(q, l);
    }
    offer_siblings(q, l);
}

static void judge(struct search *s, double times, double penalty, int whole)
{
    double off = fabs(times / s->ratio - 1), cost = penalty + 10 * off;
    if (off > tolerance || cost >= s->least) return;
    s->least = cost;
    s->best_whole = whole;
    memcpy(s->best, s->chosen, sizeof s->best);
}

/* Tries every alternative of factor i and of those behind it; -1 is no change. */
static void search_from(struct search *s, int i, double times, double penalty)
{
    if (penalty >= penalty_max || penalty >= s->least) return;
    if (i == s->n) {
        judge(s, times, penalty, -1);
        for (int w = 0; w < s->whole.n; w++) judge(s, times * s->whole.a[w].times, penalty + s->whole.a[w].penalty, w);
        return;
    }
    for (int k = -1; k < s->factor[i].n; k++) {
        s->chosen[i] = k;
        search_from(s, i + 1, k < 0 ? times : times * s->factor[i].a[k].times,
                    penalty + (k < 0 ? s->factor[i].unused : s->factor[i].a[k].penalty));
    }
}

static void add_words(char *out, size_t room, const char *words)
{
    size_t len = strlen(out);
    snprintf(out + len, room - len, "%s%s", len ? "; " : "", words);
}

/* Nothing fits: what the clock, or the memory's rate, would have to be. */
static void say_needed(const struct mistake_question *q, struct mistake *out)
{
    bool is_memory = q->rate && q->rate == &q->chip->bandwidth;
    const struct factor *f = factors_find(&q->factors, is_memory ? FACTOR_RATE : FACTOR_CLOCK);
    const char *unit = is_memory ? "GT/s" : "GHz";
    snprintf(out->words, sizeof out->words, "no known mistake gives it");
    if (!f) return;
    double needed = f->value * q->stated / q->right;
    size_t len = strlen(out->words);
    snprintf(out->words + len, sizeof out->words - len, "; it would need %.4g %s in place of %g", needed, unit,
             f->value);
    len = strlen(out->words);
    if (is_memory && needed * 8 > 0.7 * f->value && needed * 8 < 1.4 * f->value)
        snprintf(out->words + len, sizeof out->words - len,
                 ", or %.4g if it was divided by 8 as if it were Gbit/s: %+.0f %%", 8 * needed,
                 100 * (8 * needed / f->value - 1));
}

void mistake_find(const struct mistake_question *q, struct mistake *out)
{
    struct search s = {.ratio = q->stated / q->right, .n = q->factors.n, .least = penalty_max};
    *out = (struct mistake){0};
    for (int i = 0; i < s.n; i++) offer_factor(q, &q->factors.factor[i], &s.factor[i]);
    offer_wholes(q, &s.whole);
    search_from(&s, 0, 1, 0);
    if (s.least >= penalty_max) {
        say_needed(q, out);
        return;
    }
    out->is_found = true;
    for (int i = 0; i < s.n; i++)
        if (s.best[i] >= 0) add_words(out->words, sizeof out->words, s.factor[i].a[s.best[i]].words);
    if (s.best_whole >= 0) add_words(out->words, sizeof out->words, s.whole.a[s.best_whole].words);
}
