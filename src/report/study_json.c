/* A study as JSON: what stands beside the page for other programs. */
#include "base/json.h"
#include "learn/learned.h"
#include "report/study.h"

static json_t *cost_json(const struct study_cost *c)
{
    json_t *kinds = json_object();
    for (int k = 0; k < KIND_N; k++)
        if (c->kinds[k].nodes)
            json_object_set_new(kinds, op_kind_name((enum op_kind)k),
                                json_pack("{s:i, s:o, s:o, s:o, s:o}", "nodes", c->kinds[k].nodes, "macs",
                                          json_count(c->kinds[k].cost.macs), "flops",
                                          json_count(c->kinds[k].cost.flops), "bytes", json_count(c->kinds[k].bytes),
                                          "params", json_count(c->kinds[k].params)));
    return json_pack("{s:i, s:o, s:o, s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o}, s:o}", "batch", c->batch, "macs",
                     json_count(c->cost.macs), "flops", json_count(c->cost.flops), "bytes", "unfused",
                     json_count(c->bytes.unfused), "fused", json_count(c->bytes.fused), "ideal",
                     json_count(c->bytes.ideal), "memory", "weights", json_count(c->memory.weights), "activations",
                     json_count(c->memory.activations), "peak_live", json_count(c->memory.peak_live), "kinds", kinds);
}

static json_t *training_json(const struct study_training *t)
{
    json_t *passes = json_object();
    for (int p = 0; p < PASS_N; p++)
        json_object_set_new(passes, train_pass_name((enum train_pass)p),
                            json_pack("{s:o, s:o, s:o}", "macs", json_count(t->passes[p].cost.macs), "flops",
                                      json_count(t->passes[p].cost.flops), "bytes", json_count(t->passes[p].bytes)));
    return json_pack("{s:i, s:s, s:o, s:{s:o, s:o, s:o, s:o, s:o, s:o}}", "batch", t->batch, "optimizer",
                     optimizer_name(STUDY_OPTIMIZER), "passes", passes, "memory", "weights",
                     json_count(t->memory.weights), "gradients", json_count(t->memory.gradients), "optimizer",
                     json_count(t->memory.optimizer), "saved", json_count(t->memory.saved), "working",
                     json_count(t->memory.working), "total", json_count(t->memory.total));
}

json_t *study_json(const struct study *s)
{
    json_t *out = json_answer("report"), *models = json_array(), *runs = json_array(), *learned = json_array();
    for (int i = 0; i < s->n_models; i++) {
        json_t *costs = json_array();
        for (int b = 0; b < s->n_batches; b++) json_array_append_new(costs, cost_json(&s->models[i].costs[b]));
        json_array_append_new(models, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", s->models[i].id, "label",
                                                s->models[i].label, "family", s->models[i].family, "params",
                                                json_count(s->models[i].params), "costs", costs, "training",
                                                training_json(&s->models[i].training)));
    }
    for (int i = 0; i < s->n_runs; i++) json_array_append_new(runs, run_json(&s->runs[i], true));
    for (int i = 0; i < s->n_learned; i++) json_array_append_new(learned, learned_json(&s->learned[i]));
    json_object_set_new(out, "reproduce", json_text(s->command));
    json_object_set_new(out, "started_utc", json_integer(s->started_utc));
    json_object_set_new(out, "finished_utc", json_integer(s->finished_utc));
    json_object_set_new(out, "quick", json_boolean(s->is_quick));
    json_object_set_new(out, "roof",
                        json_pack("{s:o, s:o}", "peak_flops_per_s", json_number(s->roof.peak), "bandwidth_bytes_per_s",
                                  json_number(s->roof.bandwidth)));
    json_object_set_new(out, "machine", machine_json(&s->machine));
    if (s->environment) json_object_set(out, "environment", s->environment);
    json_object_set_new(out, "models", models);
    json_object_set_new(out, "runs", runs);
    json_object_set_new(out, "learned", learned);
    return out;
}
