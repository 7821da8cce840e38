/* The public C interface: thin, typed, over the rooms. */
#include <gable/gable.h>

#include "base/error.h"
#include "base/text.h"
#include "engine/plan/groups.h"
#include "roof/chips.h"
#include "zoo/zoo.h"

#include <stdlib.h>

struct gable_model {
    struct graph *graph;
    struct analysis *analysis;
};

gable_status gable_model_open(const char *name, const gable_model_options *options, gable_model **out, gable_error *e)
{
    const gable_model_options defaults = {0}, *o = options ? options : &defaults;
    const struct zoo_options zoo = {.batch = o->batch, .height = o->height, .width = o->width};
    struct grouping grouping = {0};
    gable_model *m = calloc(1, sizeof *m);
    if (!m) return error_set(e, GABLE_NO_MEMORY, "no memory for a model");
    gable_status s = zoo_build(name, &zoo, &m->graph, e);
    if (!s) s = groups_find(m->graph, &grouping, e);
    if (!s) s = analysis_new(m->graph, &grouping, &m->analysis, e);
    if (s)
        gable_model_free(m);
    else
        *out = m;
    return s;
}

void gable_model_free(gable_model *m)
{
    if (!m) return;
    analysis_free(m->analysis);
    graph_free(m->graph);
    free(m);
}

const char *gable_zoo_name(int i) { return i >= 0 && i < zoo_size() ? zoo_at(i)->id : NULL; }

gable_cost gable_model_cost(const gable_model *m)
{
    const struct analysis *a = m->analysis;
    return (gable_cost){.macs = a->total.macs,
                        .flops = a->total.flops,
                        .params = a->params,
                        .bytes_unfused = a->bytes.unfused,
                        .bytes_fused = a->bytes.fused,
                        .bytes_ideal = a->bytes.ideal};
}

int64_t gable_model_peak_live_bytes(const gable_model *m) { return m->analysis->memory.peak_live; }

int gable_model_nodes(const gable_model *m) { return m->graph->n_nodes; }

gable_cost gable_model_node(const gable_model *m, int i, const char **name, const char **op)
{
    const struct node_cost *n = &m->analysis->nodes[i];
    if (name) *name = n->node->name;
    if (op) *op = n->node->op_type;
    return (gable_cost){.macs = n->cost.macs,
                        .flops = n->cost.flops,
                        .params = n->params,
                        .bytes_unfused = count_add(n->read_bytes, count_add(n->weight_bytes, n->write_bytes))};
}

gable_status gable_chip_roof(const char *chip, const char *dtype, gable_roof *out, gable_error *e)
{
    struct chips *chips = NULL;
    struct roof roof;
    gable_status s = chips_builtin(&chips, e);
    if (s) return s;
    const struct chip *c = chips_find(chips, chip);
    enum dtype d = dtype_find(dtype);
    if (!c)
        s = error_set(e, GABLE_USAGE, "there is no chip '%.60s' in the database", chip);
    else if (!d)
        s = error_set(e, GABLE_USAGE, "there is no data type '%.20s'", dtype);
    else if (!chip_roof(c, d, &roof))
        s = error_set(e, GABLE_BAD_INPUT, "%.60s has no known roof for %s", c->name, dtype);
    else
        *out = (gable_roof){roof.peak, roof.bandwidth};
    chips_free(chips);
    return s;
}

static struct roof inner(const gable_roof *r) { return (struct roof){r->peak_flops_per_s, r->bandwidth_bytes_per_s}; }

double gable_ridge(const gable_roof *roof)
{
    const struct roof r = inner(roof);
    return roof_ridge(&r);
}

double gable_attainable(const gable_roof *roof, double intensity)
{
    const struct roof r = inner(roof);
    return roof_attainable(&r, intensity);
}
