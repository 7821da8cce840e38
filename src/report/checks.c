#include "report/checks.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_SAMPLES = 6 };

static bool is_near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b)); }

/* The rules of one run. */

static bool is_sampled(const struct run *r) { return r->n_clean >= LEAST_SAMPLES; }

static bool is_warmed(const struct run *r)
{
    bool has_warmup = false, has_samples = r->n_samples > 0;
    for (int i = 0; i < r->n_samples; i++) has_warmup |= (r->samples[i].marks & MARK_WARMUP) != 0;
    return !has_samples || has_warmup || r->first_ns > 0; /* a stored run may have left its samples behind */
}

static bool has_flops_per_second(const struct run *r)
{
    return is_near(r->flops_per_s, (double)r->flops_counted / (r->median_ns / 1e9), 1e-3);
}

static bool has_own_intensity(const struct run *r)
{
    return r->bytes.fused > 0 && is_near(r->intensity, (double)r->flops_counted / (double)r->bytes.fused, 1e-3);
}

static bool counts_flops(const struct run *r) { return r->flops_counted >= count_mul(2, r->macs); }

static bool has_real_roof(const struct run *r)
{
    return r->roof.peak > 0 && r->roof.bandwidth > 0 && r->attainable > 0 && r->attainable <= 3 * r->roof.peak;
}

static bool is_ratio_of_both(const struct run *r)
{
    return is_near(r->efficiency, run_place(r).flops_per_s / r->attainable,
                   0.25); /* a median over sandwiches: not the same division */
}

static const struct {
    const char *rule;
    bool (*holds)(const struct run *r);
    const char *sentence;
} run_rules[] = {
    {"sampled", is_sampled, "fewer than 6 samples are behind its median"},
    {"warmed", is_warmed, "no warm-up came before its samples"},
    {"flops_per_s", has_flops_per_second, "its FLOP/s are not its FLOPs divided by its median time"},
    {"intensity", has_own_intensity, "its intensity is not that of its own batch"},
    {"macs", counts_flops, "its FLOPs are fewer than twice its MACs"},
    {"roof", has_real_roof, "it has no roof, or far more is attainable than the peak"},
    {"efficiency", is_ratio_of_both, "its efficiency is not attained / attainable"},
};

const char *check_run(const struct run *r)
{
    for (size_t i = 0; i < COUNT_OF(run_rules); i++)
        if (!run_rules[i].holds(r)) return run_rules[i].sentence;
    return NULL;
}

/* Everything else. */

struct faults {
    json_t *list;
    bool failed;
};

static void add_fault(struct faults *f, const char *rule, const char *where, const char *format, ...) PRINTF_LIKE(4, 5);
static void add_fault(struct faults *f, const char *rule, const char *where, const char *format, ...)
{
    char text[240];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (json_array_append_new(f->list, json_pack("{s:s, s:s, s:s}", "rule", rule, "where", where, "text", text)))
        f->failed = true;
}

static void check_runs(const struct study *s, struct faults *f)
{
    for (int i = 0; i < s->n_runs; i++) {
        const struct run *r = &s->runs[i];
        char where[2 * RECORD_NAME];
        snprintf(where, sizeof where, "%s, batch %d", r->model, r->batch);
        for (size_t k = 0; r->valid && k < COUNT_OF(run_rules); k++)
            if (!run_rules[k].holds(r)) add_fault(f, run_rules[k].rule, where, "%s", run_rules[k].sentence);
    }
}

/* MACs called FLOPs; the intensity of batch 1 used for every batch. */
static void check_costs(const struct study *s, struct faults *f)
{
    for (int i = 0; i < s->n_models; i++) {
        const struct study_model *m = &s->models[i];
        for (int b = 0; b < s->n_batches; b++) {
            const struct study_cost *c = &m->costs[b], *first = &m->costs[0];
            if (c->cost.flops < count_mul(2, c->cost.macs))
                add_fault(f, "macs", m->id, "FLOPs are fewer than twice the MACs");
            double scale = (double)c->batch / first->batch;
            if (b && !is_near((double)c->cost.flops, scale * (double)first->cost.flops, 0.01))
                add_fault(f, "batch", m->id, "FLOPs at batch %d are not %g times those at batch %d", c->batch, scale,
                          first->batch);
            if (b && m->params > 0 && first->bytes.fused > 0 &&
                (double)c->bytes.fused >= scale * (double)first->bytes.fused)
                add_fault(f, "intensity", m->id,
                          "the bytes of batch %d are those of batch %d times %g: the weights were counted again",
                          c->batch, first->batch, scale);
        }
    }
}

/* The highest valid ceiling; level NULL: any; 0 where there is none. */
static double highest(const struct machine *m, enum ceiling_kind kind, const char *level, int threads)
{
    double best = 0;
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *c = &m->ceilings[i];
        if (c->kind != kind || !c->valid || c->threads != threads || (level && strcmp(c->level, level))) continue;
        if (kind == CEILING_COMPUTE && c->dtype != DTYPE_F32) continue;
        best = fmax(best, c->value);
    }
    return best;
}

/* A bandwidth off by a thousand, a peak without its vector width, cores counted twice. */
static void check_machine(const struct study *s, struct faults *f)
{
    const struct machine *m = &s->machine;
    int threads = 1;
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *c = &m->ceilings[i];
        threads = c->threads > threads ? c->threads : threads;
        if (c->valid && c->theory > 0 && (c->value > 1.02 * c->theory || c->value < 0.5 * c->theory))
            add_fault(f, "theory", c->isa,
                      "%s is %.2f of what lanes, pipes and clock give: vector width, cores or clock are wrong",
                      quantity(c->value, "FLOP/s").text, c->value / c->theory);
    }
    double one = highest(m, CEILING_COMPUTE, NULL, 1), all = highest(m, CEILING_COMPUTE, NULL, threads);
    if (one > 0 && all > 1.1 * threads * one)
        add_fault(f, "cores", m->topology.cpu, "%d threads compute %.1f times what one does: cores were counted twice",
                  threads, all / one);
    double dram = highest(m, CEILING_BANDWIDTH, "DRAM", threads), l1 = highest(m, CEILING_BANDWIDTH, "L1", threads);
    if (s->roof.bandwidth > 0 && (s->roof.bandwidth < 2e8 || s->roof.bandwidth > 2e13))
        add_fault(f, "bandwidth", "DRAM", "%s cannot be: a factor of 1000 is missing or too many",
                  quantity(s->roof.bandwidth, "B/s").text);
    if (dram > 0 && l1 > 0 && dram > l1) add_fault(f, "bandwidth", "DRAM", "memory is faster than the first cache");
    if (s->roof.peak > 0 && all > 0 && s->roof.peak > 1.02 * all)
        add_fault(f, "roof", m->topology.cpu, "the roof is higher than any ceiling measured");
}

static void check_chips(const struct study *s, struct faults *f)
{
    for (int i = 0; s->chips && i < s->chips->n; i++) {
        const struct chip *c = &s->chips->chip[i];
        if (c->kind == CHIP_MCU || !(c->bandwidth.value > 0)) continue;
        if (c->bandwidth.value < 5e8 || c->bandwidth.value > 1e17)
            add_fault(f, "bandwidth", c->id, "%s cannot be: a factor of 1000 is missing or too many",
                      quantity(c->bandwidth.value, "B/s").text);
    }
}

/* A figure without a title, unit, method, analysis or way to reproduce it; a roof that is not one rising line. */
static bool is_empty(const json_t *spec, const char *field)
{
    const char *text = json_string_value(json_object_get(spec, field));
    return !text || !*text;
}

static void check_axes(const json_t *spec, const char *id, struct faults *f)
{
    static const char *const sides[] = {"xAxis", "yAxis"};
    for (size_t k = 0; k < COUNT_OF(sides); k++) {
        size_t i;
        json_t *axis;
        bool has_value = false, has_name = false;
        json_array_foreach (json_object_get(json_object_get(spec, "option"), sides[k]), i, axis) {
            const char *type = json_string_value(json_object_get(axis, "type"));
            const json_t *shown = json_object_get(json_object_get(axis, "axisLabel"), "show");
            bool is_log = type && !strcmp(type, "log");
            if (!is_log || json_is_false(shown)) continue;
            has_value = true;
            const char *name = json_string_value(json_object_get(axis, "name"));
            if (name && strstr(name, "log scale")) has_name = true;
        }
        if (has_value && !has_name) add_fault(f, "axes", id, "no %s names its quantity and its log scale", sides[k]);
    }
}

static void check_roof_lines(const json_t *spec, const char *id, struct faults *f)
{
    size_t i, k;
    json_t *series, *at;
    json_array_foreach (json_object_get(json_object_get(spec, "option"), "series"), i, series) {
        const char *color = json_string_value(json_object_get(json_object_get(series, "lineStyle"), "color"));
        const char *type = json_string_value(json_object_get(series, "type"));
        double x = -INFINITY, y = -INFINITY;
        bool rises = true;
        if (!type || strcmp(type, "line") || !color || strcmp(color, "@roof")) continue;
        json_array_foreach (json_object_get(series, "data"), k, at) {
            double px = json_number_value(json_array_get(at, 0)), py = json_number_value(json_array_get(at, 1));
            rises &= px >= x && py >= y * (1 - 1e-9);
            x = px;
            y = py;
        }
        if (!rises) add_fault(f, "roof_line", id, "a roof is not one line from its slope over its ridge to its flat");
    }
}

static void check_figures(const json_t *figures, struct faults *f)
{
    static const char *const fields[] = {"title", "subtitle", "finding", "method", "command"};
    size_t i;
    json_t *spec;
    json_array_foreach (figures, i, spec) {
        const char *id = json_string_value(json_object_get(spec, "id"));
        for (size_t k = 0; k < COUNT_OF(fields); k++)
            if (is_empty(spec, fields[k])) add_fault(f, "words", id ? id : "?", "the figure has no %s", fields[k]);
        if (!json_array_size(json_object_get(json_object_get(spec, "table"), "rows")))
            add_fault(f, "table", id ? id : "?", "the figure has no table");
        check_axes(spec, id ? id : "?", f);
        check_roof_lines(spec, id ? id : "?", f);
    }
}

json_t *report_check(const struct study *s, const json_t *figures)
{
    struct faults f = {.list = json_array()};
    if (!f.list) return NULL;
    check_runs(s, &f);
    check_costs(s, &f);
    check_machine(s, &f);
    check_chips(s, &f);
    if (figures) check_figures(figures, &f);
    if (!f.failed) return f.list;
    json_decref(f.list);
    return NULL;
}
