/* What a plan's stages are called, which kernels they run and what those execute. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

static const char *const act_names[] = {
    [ACT_NONE] = "",
    [ACT_RELU] = " + relu",
    [ACT_CLIP] = " + clip",
    [ACT_HARD_SWISH] = " + hard swish",
    [ACT_SWISH] = " + swish",
    [ACT_GELU] = " + gelu",
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
    if (p->type == &part_convolution && p->is_winograd[pass_of(stage)])
        return arena_printf(a, "winograd F(4x4,3x3)%s %s", p->shape.has_relu ? " + relu" : "", isa);
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
/* Executed less counted FLOPs of a 3x3 convolution by Winograd F(4x4, 3x3): 36 products; per channel of a tile 12
   transforms of 20 of what is read, 10 of 13 of what is written, of 12 of the output's gradient; see docs/METRICS.md.
 */
static count winograd_beyond(const struct part *p, int pass, count images)
{
    const struct convolution_shape *c = &p->shape;
    count in = c->in.n, out = c->out.n, read = pass == CONVOLUTION_DATA ? out : in;
    count written = pass == CONVOLUTION_DATA ? in : out, per_written = pass == CONVOLUTION_WEIGHT ? 120 : 130;
    count tiles = (c->out_height + 3) / 4 * ((c->out_width + 3) / 4);
    count each = 2 * 36 * in * out + 240 * read + per_written * written;
    return images * (tiles * each - 2 * 9 * in * out * c->out_height * c->out_width);
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
    if (p->is_winograd[pass_of(from)]) to->flops_beyond = winograd_beyond(p, pass_of(from), s->plan->batch);
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
