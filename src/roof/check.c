#include "roof/check.h"

#include "base/csv.h"
#include "base/file.h"
#include "base/text.h"
#include "roof/chips_read.h"
#include "roof/mistake.h"
#include "roof/statement.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double tolerance = 0.01;

const char *check_verdict_name(enum check_verdict v)
{
    static const char *const names[] = {"right", "rounded", "ambiguous", "missing", "unfounded", "unknown", "wrong"};
    return names[v];
}

bool check_is_objection(enum check_verdict v) { return v == CHECK_WRONG || v == CHECK_UNKNOWN; }

/* What both kinds of file share while their rows are made. */
struct pass {
    struct check *check;
    const struct chips *known;
    int room;
    bool failed; /* memory is out, or too many rows */
};

static struct check_row *new_row(struct pass *p)
{
    static struct check_row nowhere;
    struct check *c = p->check;
    if (c->n == p->room) {
        int room = p->room ? 2 * p->room : 64;
        struct check_row *rows = room <= 2 * CHECK_ROWS_MAX ? arena_array(c->arena, (size_t)room, sizeof *rows) : NULL;
        if (!rows) {
            p->failed = true;
            return &nowhere;
        }
        if (c->n) memcpy(rows, c->rows, (size_t)c->n * sizeof *rows);
        c->rows = rows;
        p->room = room;
    }
    struct check_row *r = &c->rows[c->n++];
    *r = (struct check_row){.why = ""};
    return r;
}

static void PRINTF_LIKE(4, 5) settle(struct pass *p, struct check_row *r, enum check_verdict v, const char *format, ...)
{
    char words[600];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    r->verdict = v;
    r->why = arena_string(p->check->arena, words);
    if (!r->why) p->failed = true, r->why = "";
}

/* The right value rounded to the digits that are stated, where these are at least one in twenty. */
static bool is_rounded(double stated, double right)
{
    char digits[32];
    if (fabs(stated / right - 1) > 0.05) return false;
    for (int n = 1; n < 6; n++) {
        snprintf(digits, sizeof digits, "%.*e", n - 1, right);
        if (fabs(strtod(digits, NULL) - stated) <= 1e-9 * stated) return true;
    }
    return false;
}

/* "8 times too low", "73 % too high" */
static void say_off(double stated, double right, char out[48])
{
    bool is_low = stated < right;
    double times = is_low ? right / stated : stated / right;
    if (times >= 1.995)
        snprintf(out, 48, "%.4g times too %s", times, is_low ? "low" : "high");
    else
        snprintf(out, 48, "%.3g %% too %s", 100 * fabs(stated / right - 1), is_low ? "low" : "high");
}

static void object(struct pass *p, struct check_row *r, const struct mistake_question *q)
{
    struct mistake m;
    char off[48];
    say_off(r->stated, r->right, off);
    mistake_find(q, &m);
    settle(p, r, CHECK_WRONG, "%s; %s%s", off, m.is_found ? "fits: " : "", m.words);
}

/* Another rate of the same type that differs: the number alone does not say which one is meant. */
static const struct chip_rate *rival_rate(const struct chip *c, const struct chip_rate *r)
{
    for (int i = 0; i < c->n_rates; i++)
        if (c->rates[i].dtype == r->dtype && &c->rates[i] != r && !strcmp(c->rates[i].what, "vector"))
            return &c->rates[i];
    return NULL;
}

static void accept(struct pass *p, struct check_row *r, const struct chip *c, const struct fact *f, bool is_rate)
{
    const struct chip_rate *rival = is_rate && f->rate ? rival_rate(c, f->rate) : NULL;
    if (fabs(r->stated / r->right - 1) > tolerance)
        settle(p, r, CHECK_ROUNDED, "rounded from %.6g", r->right);
    else if (rival)
        settle(p, r, CHECK_AMBIGUOUS, "of the matrix units; the vector units' rate is %.6g", rival->value / 1e9);
}

static const char *role_words(enum factor_role role)
{
    return role == FACTOR_LANES ? " per cycle and core" : role == FACTOR_BYTES ? " per transfer" : "";
}

/* Values of the same chip that the file states wrongly: this one may follow from them. */
static void add_hints(const struct pass *p, const struct chip *chip, struct mistake_question *q)
{
    for (int i = 0; i < p->check->n; i++) {
        const struct check_row *r = &p->check->rows[i];
        const struct statement *s = r->field ? statement_find(r->field) : NULL;
        struct fact f;
        if (!s || r->verdict != CHECK_WRONG || strcmp(r->chip, chip->id) != 0) continue;
        statement_fact(s, chip, &f);
        if (s->kind == STATEMENT_RATE && q->rate && q->rate != &chip->bandwidth && q->n_wholes < WHOLE_HINTS_MAX) {
            struct whole_hint *h = &q->wholes[q->n_wholes++];
            h->value = q->right * r->stated / r->right;
            snprintf(h->words, sizeof h->words, "it follows from %.20s of line %d, which is wrong", s->field, r->line);
        }
        if (s->kind != STATEMENT_FACTOR || f.rate != q->rate || q->n_hints == HINTS_MAX) continue;
        struct hint *h = &q->hints[q->n_hints];
        const struct factor *x = factors_find(&q->factors, s->role);
        if (!x || !(f.value > 0)) continue;
        h->role = s->role;
        h->value = x->value * r->stated / r->right; /* all that a core does in a cycle goes by its lanes */
        snprintf(h->words, sizeof h->words, "%g %s%s, as on line %d", r->stated, s->unit, role_words(s->role), r->line);
        q->n_hints++;
    }
}

static void judge_factor(struct pass *p, struct check_row *r, const struct chip *c, const struct statement *s)
{
    static const char *const which[] = {"base", "boost"};
    char off[48];
    say_off(r->stated, r->right, off);
    for (int i = 0; i < 2 && s->role == FACTOR_RATE; i++)
        if (fabs(r->stated * s->scale - chip_clock(c, which[i])) < 1e-6) {
            settle(p, r, CHECK_WRONG, "%s; fits: the core's %s clock taken for the memory's rate", off, which[i]);
            return;
        }
    if (fabs(r->stated / r->right / 1000 - 1) < tolerance || fabs(r->stated / r->right * 1000 - 1) < tolerance)
        settle(p, r, CHECK_WRONG, "%s; fits: a unit off by a thousand", off);
    else if (s->role == FACTOR_RATE && fabs(2 * r->stated / r->right - 1) < tolerance)
        settle(p, r, CHECK_WRONG, "%s; fits: the memory's clock: it transfers twice per cycle", off);
    else if (s->role == FACTOR_BYTES)
        settle(p, r, CHECK_WRONG, "%s; a channel is %g bits wide", off, 8 * r->right);
    else
        settle(p, r, CHECK_WRONG, "%s", off);
}

/* FLOPs of a core in a cycle: what is left out of lanes x units x 2. */
static void judge_work(struct pass *p, struct check_row *r, const struct chip *c, const struct fact *f)
{
    struct mistake_question q = {.chips = NULL, .chip = c, .rate = NULL, .right = r->right, .stated = r->stated};
    for (int i = 0; i < f->factors.n; i++) {
        enum factor_role role = f->factors.factor[i].role;
        if (role == FACTOR_LANES || role == FACTOR_UNITS || role == FACTOR_TWO)
            q.factors.factor[q.factors.n++] = f->factors.factor[i];
    }
    object(p, r, &q);
}

static void judge_number(struct pass *p, struct check_row *r, const struct chip *c, const struct statement *s)
{
    struct fact f;
    statement_fact(s, c, &f);
    bool is_rate = s->kind == STATEMENT_RATE, is_traffic = s->kind == STATEMENT_MEMORY;
    r->right = f.value;
    if (f.rate && (is_rate || is_traffic)) r->derivation = f.rate->derivation;
    if (!(f.value > 0)) {
        settle(p, r, CHECK_UNFOUNDED, "the database has no such value for it");
        return;
    }
    double derived = (is_rate || is_traffic) && f.rate && f.rate->derivation ? f.rate->derived / 1e9 : r->right;
    if (fabs(r->stated / r->right - 1) <= tolerance || fabs(r->stated / derived - 1) <= tolerance ||
        is_rounded(r->stated, r->right)) {
        accept(p, r, c, &f, is_rate);
        return;
    }
    if (s->kind == STATEMENT_FACTOR && s->role != FACTOR_LANES) {
        judge_factor(p, r, c, s);
        return;
    }
    if (s->kind == STATEMENT_FACTOR) {
        judge_work(p, r, c, &f);
        return;
    }
    struct mistake_question q = {
        .chips = p->known, .chip = c, .rate = f.rate, .factors = f.factors, .right = r->right, .stated = r->stated};
    add_hints(p, c, &q);
    object(p, r, &q);
}

static void judge_text(struct pass *p, struct check_row *r, const struct chip *c)
{
    const char *type = c->memory_type;
    size_t len = strlen(r->stated_text);
    if (!*type)
        settle(p, r, CHECK_UNFOUNDED, "the database has no such value for it");
    else if (strncasecmp(type, r->stated_text, len) != 0 || (type[len] && type[len] != '-'))
        settle(p, r, CHECK_WRONG, "its memory is %.60s", type);
}

/* Nothing stated: what the chip has there, and how far above its stated or vector fp32 roof that is. */
static void judge_silence(struct pass *p, struct check_row *r, const struct chip *c, const struct statement *s)
{
    struct fact f;
    const struct chip_rate *f32 = chip_peak(c, DTYPE_F32);
    statement_fact(s, c, &f);
    r->right = f.value;
    if (f.rate) r->derivation = f.rate->derivation;
    if (s->kind == STATEMENT_RATE && f.rate && f32 && f.rate != f32)
        settle(p, r, CHECK_MISSING, "a roof %.3g times the f32 one", f.rate->value / f32->value);
    else
        settle(p, r, CHECK_MISSING, f.value > 0 || *f.text ? "nothing is stated" : "nothing is stated or known");
}

static const char *nearest_chip(const struct chips *known, const char *id)
{
    const char **ids = calloc((size_t)known->n + 1, sizeof *ids);
    for (int i = 0; ids && i < known->n; i++) ids[i] = known->chip[i].id;
    const char *nearest = ids ? text_nearest(id, ids, (size_t)known->n) : NULL;
    free(ids);
    return nearest;
}

static bool parse_number(const char *text, double *out)
{
    char *end;
    if (!strchr("0123456789.", *text)) return false;
    *out = strtod(text, &end);
    return !*end && isfinite(*out) && *out > 0;
}

static void judge(struct pass *p, struct check_row *r)
{
    const struct chip *c = chips_find(p->known, r->chip);
    const struct statement *s = statement_find(r->field);
    const char *near = !c ? nearest_chip(p->known, r->chip) : !s ? statement_nearest(r->field) : NULL;
    double scale = s ? statement_unit(s, r->unit) : 0;
    if (!c || !s)
        settle(p, r, CHECK_UNKNOWN, "there is no such %s%s%.60s%s", c ? "field" : "chip",
               near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    else if (!*r->stated_text)
        judge_silence(p, r, c, s);
    else if (s->kind == STATEMENT_TEXT)
        judge_text(p, r, c);
    else if (!parse_number(r->stated_text, &r->stated))
        settle(p, r, CHECK_UNKNOWN, "expected a number above 0");
    else if (!(scale > 0))
        settle(p, r, CHECK_UNKNOWN, "'%.20s' is no unit of it: expected %s", r->unit, s->unit);
    else {
        r->chip = c->id;
        r->stated *= scale;
        r->unit = s->unit;
        judge_number(p, r, c, s);
    }
}

enum { COLUMN_CHIP, COLUMN_FIELD, COLUMN_STATED, COLUMN_UNIT, COLUMNS };
static const char *const columns[COLUMNS] = {"chip_id", "field", "stated", "unit"};

static gable_status find_columns(const struct csv *c, const char *const *cell, int n, int at[COLUMNS], gable_error *e)
{
    for (int k = 0; k < COLUMNS; k++) {
        at[k] = -1;
        for (int i = 0; i < n; i++)
            if (!strcmp(cell[i], columns[k])) at[k] = i;
        if (at[k] >= 0 || k == COLUMN_UNIT) continue;
        error_set(e, GABLE_BAD_INPUT,
                  "the first line must name the columns chip_id, field, stated and unit: '%s' is missing", columns[k]);
        return error_within(e, "%s:%d", c->name, c->line > 0 ? c->line : 1);
    }
    return GABLE_OK;
}

static gable_status read_rows(struct pass *p, struct csv *csv, gable_error *e)
{
    const char *cell[CSV_CELLS_MAX];
    int n, at[COLUMNS];
    gable_status s = csv_record(csv, p->check->arena, cell, &n, e);
    if (!s) s = find_columns(csv, cell, n, at, e);
    while (!s && !(s = csv_record(csv, p->check->arena, cell, &n, e)) && n && !p->failed) {
        struct check_row *r = new_row(p);
        const char *value[COLUMNS];
        for (int k = 0; k < COLUMNS; k++) value[k] = at[k] >= 0 && at[k] < n ? cell[at[k]] : "";
        r->line = csv->line;
        r->chip = value[COLUMN_CHIP];
        r->field = value[COLUMN_FIELD];
        r->stated_text = value[COLUMN_STATED];
        r->unit = value[COLUMN_UNIT];
        judge(p, r);
    }
    return s;
}

static gable_status finish(struct pass *p, gable_status s, const char *name, struct check **out, gable_error *e)
{
    struct check *c = p->check;
    if (!s && p->failed) {
        error_set(e, GABLE_NO_MEMORY, "too much: at most %d rows", CHECK_ROWS_MAX);
        s = error_within(e, "%s", name);
    }
    if (s) {
        check_free(c);
        return s;
    }
    for (int i = 0; i < c->n; i++) c->n_of[c->rows[i].verdict]++;
    *out = c;
    return GABLE_OK;
}

static struct check *check_new(void)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct check *c = arena_alloc(a, sizeof *c);
    if (c) c->arena = a;
    if (!c) arena_free(a);
    return c;
}

gable_status check_csv(const char *name, const char *text, const struct chips *known, struct check **out,
                       gable_error *e)
{
    struct pass p = {.check = check_new(), .known = known};
    struct csv csv;
    if (!p.check) return error_set(e, GABLE_NO_MEMORY, "no memory");
    csv_init(&csv, name, text);
    return finish(&p, read_rows(&p, &csv, e), name, out, e);
}

/* A memory of that name moves so many bits per second and pin; those whose type ends in its rate say it themselves. */
static const struct {
    const char *type;
    double least, most; /* Gbit/s */
} pins[] = {
    {"GDDR5X", 10, 14}, {"GDDR5", 3.2, 9},  {"GDDR6X", 19, 24},    {"GDDR6", 10, 22},    {"GDDR7", 24, 36},
    {"HBM3e", 5, 10},   {"HBM3", 4, 7.2},   {"HBM2e", 2, 3.7},     {"HBM2", 1.2, 2.5},   {"HBM", 0.8, 1.1},
    {"LPDDR5X", 6, 11}, {"LPDDR5", 3, 6.5}, {"LPDDR4X", 1.6, 4.3}, {"LPDDR4", 1.2, 4.3},
};

static void check_pin(struct pass *p, struct check_row *r, const struct chip *c, const struct factors *f)
{
    const struct factor *rate = factors_find(f, FACTOR_RATE);
    const char *dash = strchr(c->memory_type, '-');
    double named = dash ? strtod(dash + 1, NULL) / 1000 : 0;
    if (!rate) return;
    if (named > 0 && fabs(rate->value / named - 1) > tolerance) {
        settle(p, r, CHECK_WRONG, "%s moves %g GT/s, the derivation has %g%s", c->memory_type, named, rate->value,
               fabs(2 * rate->value / named - 1) < tolerance
                   ? "; fits: the memory's clock, it transfers twice per cycle"
                   : "");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(pins) && !(named > 0); i++)
        if (!strcmp(pins[i].type, c->memory_type)) {
            if (rate->value < pins[i].least || rate->value > pins[i].most)
                settle(p, r, CHECK_WRONG, "no %s moves %g Gbit/s per pin: %g to %g", pins[i].type, rate->value,
                       pins[i].least, pins[i].most);
            return;
        }
}

/* A CPU's peak is cores x GHz x lanes x units x 2: a bare cores x GHz leaves out most of it. */
static void check_product(struct pass *p, struct check_row *r, const struct chip *c, const struct factors *f)
{
    const struct factor *clock = factors_find(f, FACTOR_CLOCK);
    double base = chip_clock(c, "base"), boost = chip_clock(c, "boost"), most = boost > base ? boost : base;
    if (!f->n || !clock) return;
    if (most > 0 && clock->value > most * (1 + tolerance))
        settle(p, r, CHECK_WRONG, "derived at %g GHz, above its highest clock, %g GHz", clock->value, most);
    else if (c->kind == CHIP_CPU && clock == &f->factor[f->n - 1])
        settle(p, r, CHECK_WRONG, "the derivation ends with the clock: lanes x units x 2 are left out");
}

static void check_own_rate(struct pass *p, const struct chip *c, const struct chip_rate *rate)
{
    const struct chip *known = chips_find(p->known, c->id);
    const struct chip_rate *same = rate == &c->bandwidth ? (known ? &known->bandwidth : NULL) : NULL;
    struct check_row *r = new_row(p);
    struct mistake_question q = {.chips = p->known, .chip = c, .rate = rate, .stated = rate->value / 1e9};
    for (int i = 0; known && rate != &c->bandwidth && i < known->n_rates; i++)
        if (known->rates[i].dtype == rate->dtype && !strcmp(known->rates[i].what, rate->what)) same = &known->rates[i];
    factors_of(c, rate, &q.factors);
    r->line = rate->line;
    r->chip = c->id;
    r->field = rate == &c->bandwidth ? "bandwidth"
                                     : arena_printf(p->check->arena, "%s%s%s", dtype_name(rate->dtype),
                                                    *rate->what ? ", " : "", rate->what);
    r->unit = rate == &c->bandwidth ? "GB/s" : "GFLOPS";
    r->stated_text = "";
    r->stated = q.stated;
    r->derivation = rate->derivation;
    r->right = q.right = rate->derivation ? rate->derived / 1e9 : same && same->value > 0 ? same->value / 1e9 : 0;
    if (!r->field) p->failed = true, r->field = "";
    if (!(r->right > 0))
        settle(p, r, CHECK_UNFOUNDED, "no derivation, and the database does not have it");
    else if (fabs(r->stated / r->right - 1) > tolerance)
        object(p, r, &q);
    else if (rate == &c->bandwidth)
        check_pin(p, r, c, &q.factors);
    else
        check_product(p, r, c, &q.factors);
}

gable_status check_yaml(const char *name, const char *text, size_t len, const struct chips *known, struct check **out,
                        gable_error *e)
{
    struct pass p = {.check = check_new(), .known = known};
    struct chip *chip = NULL;
    int n = 0;
    if (!p.check) return error_set(e, GABLE_NO_MEMORY, "no memory");
    gable_status s = chips_read(name, text, len, DERIVATIONS_MAY_DIFFER, p.check->arena, &chip, &n, e);
    for (int i = 0; i < n && !s; i++) {
        if (chip[i].bandwidth.value > 0) check_own_rate(&p, &chip[i], &chip[i].bandwidth);
        for (int k = 0; k < chip[i].n_rates; k++) check_own_rate(&p, &chip[i], &chip[i].rates[k]);
    }
    return finish(&p, s, name, out, e);
}

gable_status check_file(const char *path, const struct chips *known, struct check **out, gable_error *e)
{
    char *text = NULL;
    size_t len = 0;
    gable_status s = file_read(path, CHIPS_FILE_MAX, &text, &len, e);
    if (s) return s;
    const char *line = text + strspn(text, "\xef\xbb\xbf \t\r\n");
    bool is_csv = memchr(line, ',', strcspn(line, "\r\n:")) != NULL;
    if (strlen(text) != len) {
        error_set(e, GABLE_BAD_INPUT, "it holds a NUL byte: expected text");
        s = error_within(e, "%s", path);
    } else {
        s = is_csv ? check_csv(path, text, known, out, e) : check_yaml(path, text, len, known, out, e);
    }
    free(text);
    return s;
}

void check_free(struct check *c)
{
    if (c) arena_free(c->arena);
}
