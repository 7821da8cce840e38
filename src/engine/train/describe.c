/* What a plan's stages are called, which kernels they run and what those execute. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

static const char *const act_names[] = {
    [ACT_NONE] = "",
    [ACT_RELU] = " + relu",
    [ACT_CLIP] = " + clip",
    [ACT_HARD_SWISH] = " + hard swish",
    [ACT_SWISH] = " + swish",
    [ACT_SIGMOID] = " + sigmoid",
    [ACT_HARD_SIGMOID] = " + hard sigmoid",
};
static const char *type_name(const struct part *p)
{
    static const struct {
        const struct part_type *type;
        const char *name;
    } rows[] = {{&part_norm, "norm"},        {&part_depthwise, "depthwise"}, {&part_activation, "activation"},
                {&part_add, "add"},          {&part_multiply, "multiply"},   {&part_gate, "gate"},
                {&part_mean, "mean"},        {&part_pool, "pool"},           {&part_gather, "gather"},
                {&part_dropout, "dropout"},  {&part_depth, "depth"},         {&part_flatten, "flatten"},
                {&part_linear, "dnnl sgemm"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].type == p->type) return rows[i].name;
    return "";
}
static int pass_of(const struct stage *stage)
{
    static const int of[] = {
        [PASS_FORWARD] = CONVOLUTION_FORWARD, [PASS_DATA] = CONVOLUTION_DATA, [PASS_WEIGHT] = CONVOLUTION_WEIGHT};
    return of[stage->pass];
}
static const char *describe_kernel(struct trainer_session *s, const struct stage *stage)
{
    struct arena *a = s->plan->memory;
    const struct part *p = stage->part;
    const char *isa = isa_name(s->plan->kernels->isa);
    if (!p) return isa;
    if (p->type == &part_convolution)
        return arena_printf(a, "dnnl %s%s", convolution_name(p->convolution[pass_of(stage)]),
                            p->shape.has_relu ? " + relu" : "");
    if (p->type == &part_linear) return type_name(p);
    if (p->type == &part_depthwise)
        return arena_printf(a, "depthwise %dx%d s%d %s", p->shape.kernel[0], p->shape.kernel[1], p->shape.stride[0],
                            isa);
    return arena_printf(a, "%s%s%s%s %s", type_name(p), p->drop > 0 && p->type == &part_norm ? " + depth" : "",
                        p->rest >= 0 ? " + sum" : "", act_names[p->act.kind], isa);
}
/* FLOPs of the transforms of one tile of outputs x outputs at one channel: of the input, of the products, of the
   output's gradient. */
struct transforms {
    count in, out, spread;
};
static const struct transforms winograd_2 = {.in = 32, .out = 24, .spread = 12};    /* additions */
static const struct transforms winograd_4 = {.in = 240, .out = 130, .spread = 120}; /* 12 of 20, 10 of 13 and of 12 */

/* Executed less counted FLOPs of a 3x3 convolution by Winograd's algorithm; see docs/METRICS.md. */
static count winograd_beyond(const struct part *p, int pass, count tile, count images)
{
    const struct convolution_shape *c = &p->shape;
    const struct transforms *t = tile == 2 ? &winograd_2 : &winograd_4;
    bool is_data = pass == CONVOLUTION_DATA;
    count in = c->in.n, out = c->out.n, height = is_data ? c->height : c->out_height;
    count width = is_data ? c->width : c->out_width, components = (tile + 2) * (tile + 2);
    count tiles = (height + tile - 1) / tile * ((width + tile - 1) / tile);
    count moved =
        is_data ? t->in * out + t->out * in : t->in * in + (pass == CONVOLUTION_WEIGHT ? t->spread : t->out) * out;
    count counted = 2 * 9 * in * out * c->out_height * c->out_width;
    return images * (tiles * (2 * components * in * out + moved) - counted);
}
static void describe_stage(struct trainer_session *s, const struct stage *from, struct trainer_stage *to)
{
    const struct graph *g = s->base.graph;
    const struct part *p = from->part;
    count most = -1;
    *to = (struct trainer_stage){.pass = from->pass, .is_recomputed = from->is_recomputed, .kind = KIND_OTHER};
    to->kernel = describe_kernel(s, from);
    to->name = p ? p->out->tensor->name : from->pass == PASS_UPDATE ? "update" : "loss";
    if (!p) return;
    to->n_nodes = p->n_nodes;
    to->nodes = p->nodes;
    int pass = pass_of(from), tile = p->convolution[pass] ? convolution_tile(p->convolution[pass]) : 0;
    if (tile) to->flops_beyond = winograd_beyond(p, pass, tile, s->plan->batch);
    for (int i = 0; i < p->n_nodes; i++) {
        const struct node *n = g->nodes[p->nodes[i]];
        struct cost c = op_training_cost(n);
        if (i == 0) to->name = n->name;
        if (c.flops <= most) continue;
        most = c.flops;
        to->kind = op_kind_of(n);
    }
}
bool trainer_describe(struct trainer_session *s)
{
    struct train_plan *p = s->plan;
    s->stages = arena_array(p->memory, (size_t)p->n_stages, sizeof *s->stages);
    if (!s->stages) return false;
    for (int i = 0; i < p->n_stages; i++) {
        describe_stage(s, &p->stages[i], &s->stages[i]);
        if (!s->stages[i].kernel) return false;
    }
    s->base.n_stages = p->n_stages;
    s->base.stages = s->stages;
    return true;
}
