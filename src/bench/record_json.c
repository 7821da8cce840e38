/* A run as JSON: the contract of --json. */
#include "base/json.h"
#include "bench/record.h"

#include <math.h>

static json_t *samples_json(const struct run *r)
{
    json_t *all = json_array();
    for (int i = 0; i < r->n_samples; i++) {
        const struct sample *s = &r->samples[i];
        json_array_append_new(all, json_pack("{s:I, s:I, s:I, s:I}", "start_ns", (json_int_t)s->start_ns, "ns",
                                             (json_int_t)s->ns, "marks", (json_int_t)s->marks, "minor_faults",
                                             (json_int_t)s->minor_faults));
    }
    return all;
}

static json_t *groups_json(const struct run *r)
{
    json_t *all = json_array();
    for (int i = 0; i < r->n_groups; i++) {
        const struct run_group *g = &r->groups[i];
        json_array_append_new(
            all, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_text(g->name), "kernel",
                           json_text(g->kernel), "kind", op_kind_name(g->kind), "median_ns", json_number(g->median_ns),
                           "share", json_number(g->median_ns / r->instrumented_ns), "flops_counted",
                           json_number(g->flops_counted), "flops_executed", json_number(g->flops_executed), "bytes",
                           json_number(g->bytes), "floor_ns", json_number(g->floor_ns)));
    }
    return all;
}

static json_t *notes_json(const struct run *r)
{
    json_t *all = json_array();
    for (int c = 1; c < CODE_N; c++)
        if (r->notes & CODE_BIT(c)) json_array_append_new(all, json_string(bench_code_name((enum bench_code)c)));
    return all;
}

static void add_times(json_t *o, const struct run *r)
{
    const struct {
        const char *name;
        double value;
    } rows[] = {{"median_ns", r->median_ns},
                {"p5_ns", r->p5_ns},
                {"p95_ns", r->p95_ns},
                {"min_ns", r->min_ns},
                {"max_ns", r->max_ns},
                {"mad_ns", r->mad_ns},
                {"p90_tail_ns", r->p90_tail_ns},
                {"p99_tail_ns", r->p99_tail_ns},
                {"n_eff", r->n_eff},
                {"setup_ns", r->setup_ns},
                {"first_ns", r->first_ns},
                {"instrumented_ns", r->instrumented_ns},
                {"sum_of_groups_ns", r->sum_ns},
                {"marked_share", r->marked_share},
                {"flops_per_s", r->flops_per_s},
                {"images_per_s", r->batch / (1e-9 * r->median_ns)},
                {"intensity", r->intensity},
                {"attainable", r->attainable},
                {"efficiency", r->efficiency}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) json_object_set_new(o, rows[i].name, json_number(rows[i].value));
    json_object_set_new(o, "ci_ns", json_pack("[o, o]", json_number(r->low_ns), json_number(r->high_ns)));
    json_object_set_new(o, "efficiency_ci",
                        json_pack("[o, o]", json_number(r->efficiency_low), json_number(r->efficiency_high)));
    const struct run_place at = run_place(r);
    json_object_set_new(o, "place", /* under the roof: what efficiency is about */
                        json_pack("{s:o, s:o, s:s}", "flops_per_s", json_number(at.flops_per_s), "intensity",
                                  json_number(at.intensity), "level", at.in_cache ? "cache" : "dram"));
    json_object_set_new(o, "samples", json_integer(r->n_clean));
    json_object_set_new(o, "passes_per_sample", json_integer(r->block));
}

/* Of a part of a training step none is known. */
static json_t *known_bytes(size_t bytes) { return bytes ? json_integer((json_int_t)bytes) : json_null(); }

static void add_work(json_t *o, const struct run *r)
{
    json_object_set_new(o, "macs", json_count(r->macs));
    json_object_set_new(o, "flops_counted", json_count(r->flops_counted));
    json_object_set_new(o, "flops_executed", json_count(r->flops_executed));
    json_object_set_new(o, "params", json_count(r->params));
    json_object_set_new(o, "bytes",
                        json_pack("{s:o, s:o, s:o}", "unfused", json_count(r->bytes.unfused), "fused",
                                  json_count(r->bytes.fused), "ideal", json_count(r->bytes.ideal)));
    json_object_set_new(o, "memory",
                        json_pack("{s:o, s:o}", "planned", known_bytes(r->planned_bytes), "peak_resident",
                                  known_bytes(r->peak_rss_bytes)));
    json_object_set_new(o, "roof",
                        json_pack("{s:o, s:o, s:o, s:o}", "peak", json_number(r->roof.peak), "bandwidth",
                                  json_number(r->roof.bandwidth), "probed_peak", json_number(r->probe_flops),
                                  "probed_bandwidth", json_number(r->probe_bytes)));
}

json_t *run_json(const struct run *r, bool with_samples)
{
    json_t *o =
        json_pack("{s:o, s:o, s:o, s:o, s:i, s:s, s:o, s:o, s:i, s:i, s:i, s:i}", "model", json_text(r->model), "label",
                  json_text(r->label), "engine", json_text(r->engine), "device", json_text(r->device), "batch",
                  r->batch, "dtype", dtype_name(r->dtype), "pass", json_text(r->pass), "isa", json_text(r->isa),
                  "threads", r->threads, "height", r->height, "width", r->width, "round", r->round);
    if (!o) return NULL;
    add_times(o, r);
    add_work(o, r);
    json_object_set_new(o, "valid", json_boolean(r->valid));
    json_object_set_new(o, "reason", r->reason ? json_string(bench_code_name(r->reason)) : json_null());
    json_object_set_new(o, "notes", notes_json(r));
    json_object_set_new(o, "bound", json_string(bound_name(r->bound)));
    json_object_set_new(o, "algorithms", json_text(r->algorithms));
    json_object_set_new(o, "started_utc", json_integer(r->started_utc));
    json_object_set_new(o, "groups", groups_json(r));
    json_object_set(o, "environment", r->environment ? r->environment : json_null());
    if (with_samples) json_object_set_new(o, "raw_samples", samples_json(r));
    return o;
}
