/* gable analyze --json: exact integers, "too large" as null. */
#include "cli/analyze/analyze.h"

#include "base/json.h"

static json_t *shape_json(const struct shape *s)
{
    json_t *dims = json_array();
    for (int i = 0; i < s->rank; i++) json_array_append_new(dims, json_count(s->dim[i]));
    return dims;
}

static json_t *inputs_json(const struct graph *g)
{
    json_t *inputs = json_array();
    for (int i = 0; i < g->n_inputs; i++)
        json_array_append_new(inputs,
                              json_pack("{s:o, s:s, s:o}", "name", json_text(g->inputs[i]->name), "dtype",
                                        dtype_name(g->inputs[i]->dtype), "shape", shape_json(&g->inputs[i]->shape)));
    return inputs;
}

static json_t *intensity_json(count flops, count bytes)
{
    if (flops == COUNT_MAX || bytes == COUNT_MAX || bytes == 0) return json_null();
    return json_number((double)flops / (double)bytes);
}

static json_t *node_json(const void *subject, int i)
{
    const struct node_cost *c = &((const struct subject *)subject)->analysis->nodes[i];
    const struct node *n = c->node;
    count bytes = count_add(count_add(c->read_bytes, c->weight_bytes), c->write_bytes);
    json_t *o =
        json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "name", json_text(n->name), "op", json_text(n->op_type),
                  "kind", op_kind_name(c->kind), "macs", json_count(c->cost.macs), "flops", json_count(c->cost.flops),
                  "params", json_count(c->params), "bytes", json_count(bytes));
    json_object_set_new(o, "read_bytes", json_count(c->read_bytes));
    json_object_set_new(o, "weight_bytes", json_count(c->weight_bytes));
    json_object_set_new(o, "write_bytes", json_count(c->write_bytes));
    json_object_set_new(o, "backward", analyze_json_backward(c->backward));
    json_object_set_new(o, "output_shape", shape_json(&n->out[0]->shape));
    json_object_set_new(o, "module", n->module ? json_text(n->module) : json_null());
    json_object_set_new(o, "cost_is", json_text(certainty_name(node_certainty(n))));
    json_object_set_new(o, "group", c->group >= 0 ? json_integer(c->group) : json_null());
    return o;
}

static json_t *kinds_json(const struct analysis *a)
{
    json_t *kinds = json_array();
    for (int k = 0; k < KIND_N; k++) {
        const struct kind_total *t = &a->kinds[k];
        if (!t->nodes) continue;
        json_array_append_new(kinds,
                              json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "kind", op_kind_name((enum op_kind)k),
                                        "label", op_kind_label((enum op_kind)k), "nodes", t->nodes, "macs",
                                        json_count(t->cost.macs), "flops", json_count(t->cost.flops), "bytes",
                                        json_count(t->bytes), "params", json_count(t->params)));
    }
    return kinds;
}

/* bound and floor_s of some work and traffic, into o */
static void set_floor(json_t *o, const struct subject *s, count flops, count bytes)
{
    if (!s->chip) return;
    json_object_set_new(o, "bound", json_text(bound_name(roof_bound(&s->roof, (double)flops, (double)bytes))));
    json_object_set_new(o, "floor_s", json_number(roof_floor_s(&s->roof, (double)flops, (double)bytes)));
}

static json_t *chip_json(const struct subject *s)
{
    const struct analysis *a = s->analysis;
    json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "id", json_text(s->chip->id), "name",
                          json_text(s->chip->name), "peak", json_number(s->roof.peak), "bandwidth",
                          json_number(s->roof.bandwidth), "ridge", json_number(roof_ridge(&s->roof)), "level", "fused");
    set_floor(o, s, a->total.flops, a->bytes.fused);
    json_object_set_new(o, "groups_floor_s", json_number(analyze_groups_floor(s)));
    return o;
}

static json_t *group_json(const void *subject, int k)
{
    const struct subject *s = subject;
    const struct cost *cost = &s->analysis->group_cost[k];
    count bytes = s->analysis->group_bytes[k];
    json_t *o = json_pack("{s:i, s:o, s:o, s:o}", "group", k, "macs", json_count(cost->macs), "flops",
                          json_count(cost->flops), "bytes", json_count(bytes));
    set_floor(o, s, cost->flops, bytes);
    return o;
}

/* An empty array under that key, and what will be written there. */
static struct json_stream stream_at(json_t *o, const char *key, int n, json_t *(*item)(const void *, int),
                                    const struct subject *s)
{
    json_t *place = json_array();
    json_object_set_new(o, key, place);
    return (struct json_stream){place, n, item, s};
}

/* memory.training, and with --train the whole step; null where memory is out */
static void add_training(json_t *o, const struct subject *s)
{
    gable_error e = {0};
    struct training *t = NULL;
    json_t *memory = json_object_get(o, "memory");
    if (training_new(s->analysis, s->optimizer, &t, &e)) {
        json_object_set_new(memory, "training", json_null());
        return;
    }
    json_object_set_new(memory, "training", analyze_json_training_memory(t));
    if (s->is_training) json_object_set_new(o, "training", analyze_json_training(s, t));
    training_free(t);
}

json_t *analyze_json_model(const struct subject *s, struct json_stream streams[ANALYZE_STREAMS])
{
    const struct graph *g = s->graph;
    const struct analysis *a = s->analysis;
    const struct traffic *b = &a->bytes;
    count flops = a->total.flops;
    json_t *o = json_pack("{s:o, s:o, s:b, s:i, s:s, s:o}", "name", json_text(g->name), "source", json_text(g->source),
                          "complete", analyze_is_complete(s), "batch", a->batch, "dtype",
                          dtype_name(g->n_inputs ? g->inputs[0]->dtype : DTYPE_UNDEFINED), "inputs", inputs_json(g));
    json_object_set_new(o, "coverage", analyze_json_coverage(s));
    json_object_set_new(o, "params", json_count(a->params));
    json_object_set_new(o, "buffers", json_count(a->buffers));
    json_object_set_new(o, "held", analyze_json_held(s));
    json_object_set_new(o, "macs", json_count(a->total.macs));
    json_object_set_new(o, "flops", json_count(flops));
    json_object_set_new(o, "bytes",
                        json_pack("{s:o, s:o, s:o}", "unfused", json_count(b->unfused), "fused", json_count(b->fused),
                                  "ideal", json_count(b->ideal)));
    json_object_set_new(o, "intensity",
                        json_pack("{s:o, s:o, s:o}", "unfused", intensity_json(flops, b->unfused), "fused",
                                  intensity_json(flops, b->fused), "ideal", intensity_json(flops, b->ideal)));
    json_object_set_new(o, "memory",
                        json_pack("{s:o, s:o, s:o, s:o}", "weights", json_count(a->memory.weights), "activations",
                                  json_count(a->memory.activations), "peak_live", json_count(a->memory.peak_live),
                                  "peak_node", json_text(a->nodes[a->memory.peak_node].node->name)));
    json_object_set_new(o, "backward", analyze_json_backward(a->backward));
    add_training(o, s);
    if (s->chip) json_object_set_new(o, "chip", chip_json(s));
    json_object_set_new(o, "kinds", kinds_json(a));
    streams[0] = stream_at(o, "groups", a->n_groups, group_json, s);
    streams[1] = stream_at(o, "nodes", g->n_nodes, node_json, s);
    return o;
}
