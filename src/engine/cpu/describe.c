/* What a session tells about its groups. */
#include "engine/cpu/choices.h"
#include "engine/cpu/lower.h"
#include "engine/cpu/session.h"

#include <stdio.h>
#include <string.h>

static const char *act_name(struct activation a)
{
    static const char *const names[] = {[ACT_NONE] = "",
                                        [ACT_RELU] = " relu",
                                        [ACT_CLIP] = " clip",
                                        [ACT_HARD_SWISH] = " hardswish",
                                        [ACT_SCALED_HARD_SWISH] = " scaled hardswish",
                                        [ACT_SWISH] = " swish",
                                        [ACT_GELU] = " gelu",
                                        [ACT_SIGMOID] = " sigmoid",
                                        [ACT_HARD_SIGMOID] = " hardsigmoid"};
    return names[a.kind];
}

static void describe_product(const struct plan *p, const struct product *c, char *out, size_t room)
{
    const struct kernels *k = p->kernels;
    const struct panel *panel = &c->panels.panel[0];
    char size[48] = "";
    if (!c->is_flat)
        snprintf(size, sizeof size, " %dx%d%s", c->kernel[0], c->kernel[1],
                 c->stride[1] == 1   ? ""
                 : c->stride[1] == 2 ? " s2"
                 : c->stride[1] == 4 ? " s4"
                                     : " strided");
    snprintf(out, room, "gemm %dx%d %s%s%s%s%s", k->most_pixels[panel->count], panel->count, isa_name(k->isa), size,
             c->groups > 1 ? " grouped" : "", c->res ? " + sum" : "", act_name(c->act));
}
static void describe_depthwise(const struct plan *p, const struct depthwise_step *d, char *out, size_t room)
{
    const char *isa = isa_name(p->kernels->isa);
    if (d->is_identity)
        snprintf(out, room, "per channel %s%s", isa, act_name(d->shape.act));
    else
        snprintf(out, room, "depthwise %dx%d%s %s%s%s", d->shape.kernel[0], d->shape.kernel[1],
                 d->shape.stride[1] == 1 ? "" : " s2", isa, act_name(d->shape.act),
                 d->sums_buffer >= 0 ? " + plane sums" : "");
}
/* What the step does for one of its groups. */
static void describe_step(const struct plan *p, const struct step *s, int group, char *out, size_t room)
{
    const char *isa = isa_name(p->kernels->isa);
    if (s->type == &step_product) {
        describe_product(p, &s->product, out, room);
    } else if (s->type == &step_winograd) {
        snprintf(out, room, "winograd F(4x4,3x3) %s%s%s", isa, s->winograd.res ? " + sum" : "",
                 act_name(s->winograd.act));
    } else if (s->type == &step_depthwise) {
        describe_depthwise(p, &s->depthwise, out, room);
    } else if (s->type == &step_ring && group == s->group) {
        describe_depthwise(p, &s->ring.depthwise, out, room);
    } else if (s->type == &step_ring) {
        describe_product(p, &s->ring.product, out, room);
        size_t n = strlen(out);
        snprintf(out + n, room - n, " into a ring");
    } else if (s->type == &step_excite) {
        static const char *const uses[] = {"planes in place", "planes copied", "weights scaled"};
        snprintf(out, room, "squeeze-excite %s, %s", isa, uses[s->excite.use]);
    } else if (s->type == &step_pool) {
        snprintf(out, room, "%s pool %s", s->pool.kind == POOL_MAX ? "max" : "average", isa);
    } else {
        snprintf(out, room, "%s %s", s->type->name, isa);
    }
}

static bool works_for(const struct step *s, int group)
{
    return s->group == group || (s->type == &step_ring && s->ring.product_group == group);
}
/* Names of a group's steps, " + " between. */
static const char *describe_group(struct plan *p, int group)
{
    char all[256] = "", one[128];
    size_t n = 0;
    for (int i = 0; i < p->n_steps; i++) {
        const struct step *s = &p->steps[i];
        if (!works_for(s, group) || n >= sizeof all) continue;
        describe_step(p, s, group, one, sizeof one);
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? " + " : "", one);
    }
    return arena_string(p->memory, n ? all : "none: the same data");
}

/* The normalisation whose arithmetic went into the weights of the group's part of a step. */
static const struct node *folded_norm(const struct step *s, int group)
{
    if (s->type == &step_product) return s->product.source.norm;
    if (s->type == &step_winograd) return s->winograd.source.norm;
    if (s->type == &step_ring) return group == s->group ? s->ring.depthwise.source.norm : s->ring.product.source.norm;
    return s->type == &step_depthwise && !s->depthwise.is_identity ? s->depthwise.source.norm : NULL;
}
/* Executed less counted FLOPs of a step's algorithm; see docs/METRICS.md, Engine. */
static count algorithm_difference(const struct plan *p, const struct step *s)
{
    count batch = p->batch;
    if (s->type == &step_winograd) {
        const struct winograd_step *c = &s->winograd;
        count in = c->in->channels, out = c->out->channels, height = c->out->height, width = c->out->width;
        count tiles = (height + 3) / 4 * ((width + 3) / 4);
        return batch * (tiles * (2 * 36 * in * out + 240 * in + 130 * out) - 2 * 9 * in * out * height * width);
    }
    if (s->type == &step_excite && s->excite.use == GATE_WEIGHTS) {
        count in = s->excite.in->channels, pixels = (count)s->excite.in->height * s->excite.in->width;
        return batch * in * (p->steps[s->excite.reader].product.source.outputs - pixels);
    }
    return 0;
}
static count executed(const struct plan *p, const struct analysis *a, int group)
{
    count flops = a->group_cost[group].flops;
    for (int i = 0; i < p->n_steps; i++) {
        const struct step *s = &p->steps[i];
        if (!works_for(s, group)) continue;
        const struct node *norm = folded_norm(s, group);
        flops += algorithm_difference(p, s) - (norm ? a->nodes[norm->index].cost.flops : 0);
    }
    return flops;
}

static void fill_nodes(struct plan *p, const struct analysis *a, int group, int *nodes, struct group_info *info)
{
    count most = -1;
    info->nodes = nodes;
    info->name = "";
    for (int i = 0; i < p->graph->n_nodes; i++) {
        if (p->grouping.group_of[i] != group) continue;
        if (info->n_nodes == 0) info->name = p->graph->nodes[i]->name;
        nodes[info->n_nodes++] = i;
        if (a->nodes[i].cost.flops > most) {
            most = a->nodes[i].cost.flops;
            info->kind = a->nodes[i].kind;
        }
    }
}

static void describe_choices(struct cpu_session *s)
{
    const struct plan *p = s->plan;
    int winograd = 0, candidates = 0;
    for (int i = 0; i < p->n_steps; i++) {
        const struct step *t = &p->steps[i];
        winograd += t->type == &step_winograd;
        candidates += t->type == &step_winograd ||
                      (t->type == &step_product && t->product.kernel[0] == 3 && t->product.kernel[1] == 3);
    }
    char images[64] = "each image shared by all threads";
    if (s->side_images > 0 && plan_slots(p) > 1)
        snprintf(images, sizeof images, "an image per thread, tail of %d", plan_slots(p));
    else if (s->side_images > 0)
        snprintf(images, sizeof images, "an image per thread");
    snprintf(s->base.algorithms, sizeof s->base.algorithms, "winograd %d of %d 3x3; %s; chosen by %s", winograd,
             candidates, images,
             p->choices.is_recalled ? "time, earlier"
             : p->choices.is_timed  ? "time"
                                    : "rule");
    if (p->choices.is_timed) choices_write(&p->choices, p->grouping.n_groups, s->base.choices, sizeof s->base.choices);
}

gable_status session_describe(struct cpu_session *s, gable_error *e)
{
    struct plan *p = s->plan;
    struct analysis *a = NULL;
    gable_status status = analysis_new(p->graph, &p->grouping, &a, e);
    struct group_info *info = arena_array(p->memory, (size_t)p->grouping.n_groups + 1, sizeof *info);
    int *nodes = arena_array(p->memory, (size_t)p->graph->n_nodes + 1, sizeof *nodes);
    if (!status && (!info || !nodes)) status = error_set(e, GABLE_NO_MEMORY, "no memory to describe the groups");
    for (int i = 0, at = 0; !status && i < p->grouping.n_groups; at += info[i++].n_nodes) {
        fill_nodes(p, a, i, nodes + at, &info[i]);
        info[i].kernel = describe_group(p, i);
        info[i].flops_counted = a->group_cost[i].flops;
        info[i].flops_executed = executed(p, a, i);
        info[i].bytes = a->group_bytes[i];
        if (!info[i].kernel) status = error_set(e, GABLE_NO_MEMORY, "no memory to describe the groups");
    }
    s->base.groups = info;
    describe_choices(s);
    analysis_free(a);
    return status;
}
