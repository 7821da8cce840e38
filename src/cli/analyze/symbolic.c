/* gable analyze --symbolic: totals as polynomials, for which values they hold, where the model crosses a chip's ridge.
 */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/text.h"
#include "counts/symbolic.h"

#include <math.h>
#include <stdio.h>

static void names_of(const struct symbolic *y, const char *names[POLYNOMIAL_VARIABLES])
{
    for (int i = 0; i < y->n; i++) names[i] = y->symbols[i].name;
}

/* "H and W multiples of 32", "H = 12, W = 8 mod 32": for which values a total holds. */
static void add_class(struct text *t, const struct symbolic *y, int64_t step)
{
    bool is_multiple = true;
    int n = 0, placed = 0;
    for (int i = 0; i < y->n; i++) {
        n += !y->symbols[i].is_batch;
        is_multiple &= y->symbols[i].is_batch || y->symbols[i].base % step == 0;
    }
    for (int i = 0; i < y->n; i++) {
        if (y->symbols[i].is_batch) continue;
        text_add(t, placed == 0 ? "" : is_multiple && placed == n - 1 ? " and " : ", ");
        text_add_safe(t, y->symbols[i].name, 40);
        if (!is_multiple) text_addf(t, " = %lld", (long long)(y->symbols[i].base % step));
        placed++;
    }
    text_addf(t, is_multiple ? n > 1 ? " multiples of %lld" : " a multiple of %lld" : " mod %lld", (long long)step);
}

static void polynomial_safe(const struct symbolic *y, const struct polynomial *p, struct text *out)
{
    const char *names[POLYNOMIAL_VARIABLES];
    struct text t = {0};
    names_of(y, names);
    polynomial_text(p, names, &t);
    text_add_safe(out, t.data ? t.data : "", 0);
    text_release(&t);
}

static void print_total(const struct symbolic *y, enum symbolic_of of)
{
    const struct symbolic_total *t = &y->totals[of];
    struct text line = {0};
    text_addf(&line, "  %-16s", symbolic_name(of));
    if (t->is_found)
        polynomial_safe(y, &t->p, &line);
    else
        text_add(&line, "no polynomial up to degree 3 gives it");
    if (t->is_found && t->step > 1) {
        text_add(&line, ", ");
        add_class(&line, y, t->step);
    }
    text_add(&line, "\n");
    if (line.data) fputs(line.data, stdout);
    text_release(&line);
}

static void add_point(struct text *t, const struct symbolic *y, const int64_t *x)
{
    for (int i = 0; i < y->n; i++) {
        text_add(t, i ? ", " : "");
        text_add_safe(t, y->symbols[i].name, 40);
        text_addf(t, "=%lld", (long long)x[i]);
    }
}

/* The peak is the largest of several polynomials: each with where it was seen to be that. */
static void print_pieces(const struct symbolic *y)
{
    for (int i = 0; i < y->n_pieces; i++) {
        const struct symbolic_piece *p = &y->pieces[i];
        struct text line = {0};
        text_addf(&line, "  %-16s", i ? "" : "peak live");
        polynomial_safe(y, &p->p, &line);
        text_add(&line, ", at ");
        text_add_safe(&line, p->node->name, 60);
        if (y->n_pieces == 1)
            text_addf(&line, ": the peak at all %d points looked at", y->n_points);
        else {
            text_addf(&line, ": the peak at %d of %d points looked at, as ", p->n_points, y->n_points);
            add_point(&line, y, p->first);
        }
        text_add(&line, "\n");
        if (line.data) fputs(line.data, stdout);
        text_release(&line);
    }
}

static void print_crossing(const struct subject *s, const struct symbolic *y, int symbol)
{
    struct crossing c;
    double ridge = roof_ridge(&s->roof);
    struct text line = {0};
    const struct symbol *of = &y->symbols[symbol];
    if (!symbolic_crossing(y, symbol, ridge, &c)) return;
    text_add(&line, "  ");
    text_add_safe(&line, of->name, 40);
    if (c.at < 0)
        text_addf(&line, ": compute-bound at every value (%.4g FLOP/byte at the least)\n", c.above);
    else if (!c.at)
        text_addf(&line, ": memory-bound at every value: it stays below %.4g FLOP/byte\n", c.above);
    else
        text_addf(&line, ": compute-bound from %lld on (%.4g FLOP/byte, %.4g just below)\n", (long long)c.at, c.above,
                  c.below);
    if (line.data) fputs(line.data, stdout);
    text_release(&line);
}

static void print_crossings(const struct subject *s, const struct symbolic *y)
{
    struct text others = {0};
    int64_t bases[POLYNOMIAL_VARIABLES];
    if (!s->chip) return;
    for (int i = 0; i < y->n; i++) bases[i] = y->symbols[i].base;
    add_point(&others, y, bases);
    printf("\non %s, ridge at %.4g FLOP/byte; one dimension changes, the others stay at %s; bytes, fused\n",
           s->chip->name, roof_ridge(&s->roof), others.data ? others.data : "");
    for (int i = 0; i < y->n; i++) print_crossing(s, y, i);
    text_release(&others);
}

static int least_checked(const struct symbolic *y)
{
    int least = 99;
    for (int of = 0; of < SYMBOLIC_N; of++)
        if (y->totals[of].is_found && y->totals[of].n_checked < least) least = y->totals[of].n_checked;
    return least == 99 ? 0 : least;
}

gable_status analyze_print_symbolic(const struct subject *s, gable_error *e)
{
    struct symbolic y;
    if (symbolic_find(s, &y, e)) return e->status;
    printf("%s with ", s->graph->name);
    for (int i = 0; i < y.n; i++) {
        struct text name = {0};
        text_add_safe(&name, y.symbols[i].name, 40);
        printf("%s%s", i == 0 ? "" : i == y.n - 1 ? " and " : ", ", name.data ? name.data : "");
        text_release(&name);
    }
    printf(" free; each polynomial is right at %d or more points that were not used to find it\n\n", least_checked(&y));
    for (int of = 0; of < SYMBOLIC_PEAK; of++) print_total(&y, (enum symbolic_of)of);
    if (y.n_pieces)
        print_pieces(&y);
    else
        print_total(&y, SYMBOLIC_PEAK);
    print_crossings(s, &y);
    return GABLE_OK;
}

static json_t *polynomial_json(const struct symbolic *y, const struct polynomial *p)
{
    const char *names[POLYNOMIAL_VARIABLES];
    struct text t = {0};
    names_of(y, names);
    polynomial_text(p, names, &t);
    json_t *text = json_text(t.data ? t.data : "");
    text_release(&t);
    return text;
}

static json_t *total_json(const struct symbolic *y, enum symbolic_of of)
{
    const struct symbolic_total *t = &y->totals[of];
    json_t *polynomial = t->is_found ? polynomial_json(y, &t->p) : json_null();
    return json_pack("{s:s, s:o, s:I, s:i}", "of", symbolic_name(of), "polynomial", polynomial, "modulus",
                     (json_int_t)t->step, "verified", t->n_checked);
}

static json_t *crossing_json(const struct subject *s, const struct symbolic *y, int symbol)
{
    struct crossing c;
    if (!symbolic_crossing(y, symbol, roof_ridge(&s->roof), &c)) return json_null();
    json_t *o = json_pack("{s:o, s:o, s:s}", "symbol", json_text(y->symbols[symbol].name), "from",
                          c.at > 0 ? json_integer(c.at) : json_null(), "bound",
                          c.at < 0 ? "compute at every value"
                          : c.at   ? "compute from there"
                                   : "memory at every value");
    json_object_set_new(o, "below", json_number(c.at > 0 ? c.below : NAN));
    json_object_set_new(o, "above", json_number(c.above));
    return o;
}

json_t *analyze_json_symbolic(const struct subject *s, gable_error *e)
{
    struct symbolic y;
    if (symbolic_find(s, &y, e)) return json_null();
    json_t *symbols = json_array(), *totals = json_array(), *pieces = json_array(), *crossings = json_array();
    for (int i = 0; i < y.n; i++) {
        json_array_append_new(symbols, json_pack("{s:o, s:I, s:b}", "name", json_text(y.symbols[i].name), "base",
                                                 (json_int_t)y.symbols[i].base, "batch", y.symbols[i].is_batch));
        if (s->chip) json_array_append_new(crossings, crossing_json(s, &y, i));
    }
    for (int of = 0; of < SYMBOLIC_N; of++) json_array_append_new(totals, total_json(&y, (enum symbolic_of)of));
    for (int i = 0; i < y.n_pieces; i++)
        json_array_append_new(pieces,
                              json_pack("{s:o, s:o, s:i}", "polynomial", polynomial_json(&y, &y.pieces[i].p), "node",
                                        json_text(y.pieces[i].node->name), "points", y.pieces[i].n_points));
    json_t *o = json_pack("{s:o, s:o, s:o, s:i}", "symbols", symbols, "totals", totals, "peak_pieces", pieces, "points",
                          y.n_points);
    if (s->chip)
        json_object_set_new(o, "crossings", crossings);
    else
        json_decref(crossings);
    return o;
}
