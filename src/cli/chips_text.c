/* Chips as tables, sentences and plots. */
#include "base/text.h"
#include "base/units.h"
#include "cli/chips.h"
#include "cli/plot.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

/* The faster of f16 and bf16; NULL where there is neither. */
static const struct chip_rate *chip_fastest_16_bit(const struct chip *c)
{
    const struct chip_rate *half = chip_peak(c, DTYPE_F16), *brain = chip_peak(c, DTYPE_BF16);
    if (!half || !brain) return half ? half : brain;
    return brain->value > half->value ? brain : half;
}

/* The type by which chips are compared: f32 where all of them have a roof for it, else the first of f16, bf16, s8 that
   they share; DTYPE_UNDEFINED where there is none. */
static enum dtype chips_shared_dtype(const struct chip *const *chip, int n)
{
    static const enum dtype candidates[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_S8};
    for (size_t d = 0; d < COUNT_OF(candidates); d++) {
        int with = 0;
        struct roof r;
        for (int i = 0; i < n; i++) with += chip_roof(chip[i], candidates[d], &r);
        if (n && with == n) return candidates[d];
    }
    return DTYPE_UNDEFINED;
}

/* The unit of a rate: operations on integers are no floating-point ones. */
static const char *rate_unit(enum dtype d) { return d == DTYPE_S8 || d == DTYPE_S4 ? "OP/s" : "FLOP/s"; }

static struct quantity rate_text(const struct chip_rate *r)
{
    return r ? quantity(r->value, rate_unit(r->dtype)) : (struct quantity){""};
}

static struct quantity plain(double value, const char *unit)
{
    struct quantity q = {""};
    if (value > 0) snprintf(q.text, sizeof q.text, "%.4g%s%s", value, *unit ? " " : "", unit);
    return q;
}

static struct quantity ridge_text(const struct chip *c, enum dtype d)
{
    struct roof r;
    return chip_roof(c, d, &r) ? plain(roof_ridge(&r), "") : (struct quantity){""};
}

static void list_row(struct table *t, const struct chip *c)
{
    struct quantity year = plain(c->year, "");
    TABLE_ROW(t, -1, c->id, c->name, chip_kind_name(c->kind), year.text, rate_text(chip_peak(c, DTYPE_F32)).text,
              rate_text(chip_fastest_16_bit(c)).text, plain(c->bandwidth.value / 1e9, "").text,
              ridge_text(c, DTYPE_F32).text, plain(c->tdp_w, "").text);
}

static struct table *list_table(void)
{
    static const struct {
        const char *title;
        enum table_align align;
    } columns[] = {{"id", TABLE_LEFT},    {"name", TABLE_CUT},    {"kind", TABLE_LEFT},
                   {"year", TABLE_RIGHT}, {"f32", TABLE_RIGHT},   {"f16 or bf16", TABLE_RIGHT},
                   {"GB/s", TABLE_RIGHT}, {"ridge", TABLE_RIGHT}, {"W", TABLE_RIGHT}};
    struct table *t = table_new();
    for (size_t i = 0; i < COUNT_OF(columns); i++) table_column(t, columns[i].title, columns[i].align);
    return t;
}

void chips_print_list(const struct chip *const *chip, int n)
{
    struct table *t = list_table();
    for (int i = 0; i < n; i++) list_row(t, chip[i]);
    table_print(t, stdout);
    printf("\n%d chips. Rates: the fastest dense ones for that input type, 1 multiply-add = 2 FLOP. ridge: f32, "
           "FLOP/byte.\n",
           n);
    term_hint("next: gable chips %s --plot", chip[0]->id);
}

static void print_safe(const char *label, const char *value)
{
    struct text safe = {0};
    if (!*value) return;
    text_add_safe(&safe, value, 0);
    printf("%-12s%s\n", label, safe.data ? safe.data : "");
    text_release(&safe);
}

static void rate_row(struct table *t, const struct chip *c, const char *what, const struct chip_rate *r)
{
    bool is_rate = r != &c->bandwidth;
    double bandwidth = c->bandwidth.value;
    struct quantity value = is_rate ? rate_text(r) : quantity(r->value, "B/s");
    TABLE_ROW(t, -1, what, r->what, value.text, is_rate && bandwidth > 0 ? plain(r->value / bandwidth, "").text : "",
              is_rate && c->tdp_w > 0 ? quantity(r->value / c->tdp_w, "").text : "",
              is_rate && bandwidth > 0 ? plain(bandwidth / r->value, "").text : "", r->derivation ? r->derivation : "",
              confidence_name(r->confidence), r->source == c->source ? "" : r->source);
}

void chips_print_one(const struct chip *c)
{
    static const char *const titles[] = {"",       "what",       "value",      "ridge", "per W",
                                         "B/FLOP", "derivation", "confidence", "source"};
    char line[160];
    print_safe("id", c->id);
    print_safe("name", c->name);
    snprintf(line, sizeof line, "%.60s, %s (%.20s), %d", c->vendor, chip_kind_name(c->kind), c->unit, c->year);
    print_safe("made by", line);
    snprintf(line, sizeof line, "%s %.40s", plain(c->memory_bytes / 1e9, "GB").text, c->memory_type);
    print_safe("memory", line);
    print_safe("process", plain(c->process_nm, "nm").text);
    print_safe("power", plain(c->tdp_w, "W").text);
    print_safe("clock", c->clock);
    print_safe("source", c->source);
    print_safe("confidence", confidence_name(c->confidence));
    print_safe("notes", c->notes);
    printf("\n");
    struct table *t = table_new();
    for (size_t i = 0; i < COUNT_OF(titles); i++)
        table_column(t, titles[i], i >= 2 && i <= 5 ? TABLE_RIGHT : TABLE_LEFT);
    if (c->bandwidth.value > 0) rate_row(t, c, "memory", &c->bandwidth);
    for (int i = 0; i < c->n_rates; i++) rate_row(t, c, dtype_name(c->rates[i].dtype), &c->rates[i]);
    table_print(t, stdout);
    printf("\nridge: FLOP/byte from which the rate bounds, not memory. Derivations give GFLOP/s (GB/s) within 1 %%.\n");
}

/* The chips with the highest and the lowest of a measure that all of them have. */
struct extremes {
    const struct chip *highest, *lowest;
    double high, low;
};
typedef double measure(const struct chip *c, enum dtype d);

static double peak_of(const struct chip *c, enum dtype d) { return chip_peak(c, d)->value; }
static double ridge_of(const struct chip *c, enum dtype d)
{
    struct roof r;
    return chip_roof(c, d, &r) ? roof_ridge(&r) : 0;
}
static double per_watt(const struct chip *c, enum dtype d) { return c->tdp_w > 0 ? peak_of(c, d) / c->tdp_w : 0; }

static bool extremes_of(const struct chip *const *chip, int n, enum dtype d, measure *of, struct extremes *out)
{
    *out = (struct extremes){0};
    for (int i = 0; i < n; i++) {
        double value = of(chip[i], d);
        if (!(value > 0)) return false;
        if (!out->highest || value > out->high) out->highest = chip[i], out->high = value;
        if (!out->lowest || value < out->low) out->lowest = chip[i], out->low = value;
    }
    return n > 1 && out->highest != out->lowest;
}

static void print_findings(const struct chip *const *chip, int n, enum dtype d)
{
    struct extremes x;
    const char *type = dtype_name(d), *unit = rate_unit(d);
    if (d == DTYPE_UNDEFINED) {
        printf("\nThese chips share no input type for which each has a rate and a bandwidth.\n");
        return;
    }
    printf("\n");
    if (extremes_of(chip, n, d, peak_of, &x))
        printf("%s: %s has the highest peak, %s, %.3g times that of %s.\n", type, x.highest->id,
               quantity(x.high, unit).text, x.high / x.low, x.lowest->id);
    if (extremes_of(chip, n, d, ridge_of, &x) && x.high > 1.1 * x.low)
        printf("%s reaches its peak from %.3g %.*s/byte, %s only from %.3g: work between the two is bound by memory on "
               "%s alone.\n",
               x.lowest->id, x.low, (int)strlen(unit) - 2, unit, x.highest->id, x.high, x.highest->id);
    if (extremes_of(chip, n, d, per_watt, &x))
        printf("Per watt: %s leads with %s, %s gives %s.\n", x.highest->id, quantity(x.high, unit).text, x.lowest->id,
               quantity(x.low, unit).text);
}

void chips_print_comparison(const struct chip *const *chip, int n)
{
    static const struct {
        const char *title;
        enum dtype dtype;
    } rates[] = {{"f64", DTYPE_F64}, {"f32", DTYPE_F32}, {"tf32", DTYPE_TF32}, {"bf16", DTYPE_BF16},
                 {"f16", DTYPE_F16}, {"f8", DTYPE_F8},   {"s8", DTYPE_S8}};
    enum dtype d = chips_shared_dtype(chip, n);
    char ridge[32];
    snprintf(ridge, sizeof ridge, "%s ridge", d ? dtype_name(d) : "");
    struct table *t = table_new();
    table_column(t, "id", TABLE_LEFT);
    table_column(t, "year", TABLE_RIGHT);
    for (size_t k = 0; k < COUNT_OF(rates); k++) table_column(t, rates[k].title, TABLE_RIGHT);
    table_column(t, "memory", TABLE_RIGHT);
    table_column(t, "W", TABLE_RIGHT);
    if (d) table_column(t, ridge, TABLE_RIGHT);
    for (int i = 0; i < n; i++) {
        struct quantity text[COUNT_OF(rates)], year = plain(chip[i]->year, ""), watts = plain(chip[i]->tdp_w, "");
        struct quantity memory = {""}, at = ridge_text(chip[i], d);
        if (chip[i]->bandwidth.value > 0) memory = quantity(chip[i]->bandwidth.value, "B/s");
        const char *cells[COUNT_OF(rates) + 5] = {chip[i]->id, year.text};
        int cell = 2;
        for (size_t k = 0; k < COUNT_OF(rates); k++) {
            text[k] = rate_text(chip_peak(chip[i], rates[k].dtype));
            cells[cell++] = text[k].text;
        }
        cells[cell++] = memory.text;
        cells[cell++] = watts.text;
        if (d) cells[cell++] = at.text;
        table_row(t, -1, cells, cell);
    }
    table_print(t, stdout);
    print_findings(chip, n, d);
}

void chips_print_plot(const struct chip *const *chip, int n)
{
    struct plot_roof roofs[PLOT_ROOFS_MAX] = {0};
    enum dtype d = chips_shared_dtype(chip, n);
    int n_roofs = 0;
    if (n == 1) {
        for (int i = 0; i < chip[0]->n_rates && n_roofs < PLOT_ROOFS_MAX; i++) {
            const struct chip_rate *r = &chip[0]->rates[i];
            if (*r->what || !chip_roof(chip[0], r->dtype, &roofs[n_roofs].roof)) continue;
            roofs[n_roofs].unit = rate_unit(r->dtype);
            roofs[n_roofs++].label = dtype_name(r->dtype);
        }
    } else {
        for (int i = 0; i < n && n_roofs < PLOT_ROOFS_MAX && d; i++) {
            roofs[n_roofs].label = chip[i]->id;
            roofs[n_roofs].unit = rate_unit(d);
            n_roofs += chip_roof(chip[i], d, &roofs[n_roofs].roof);
        }
    }
    if (!n_roofs) return;
    struct text out = {0};
    printf("\n");
    plot_draw(
        &(struct plot){
            .roofs = roofs, .n_roofs = n_roofs, .width = term_width(stdout), .height = 22, .is_utf8 = term_is_utf8()},
        &out);
    if (out.data) fputs(out.data, stdout);
    text_release(&out);
}
