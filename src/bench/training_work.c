/* The work of a training step: counted by pass, and as the trainer's stages do it. */
#include "bench/defaults.h"
#include "bench/training_parts.h"
#include "bench/verdict.h"

int training_run_of(const struct trainer_stage *s) { return s->is_recomputed ? TRAINED_AGAIN : (int)s->pass; }

static bool is_among(const struct graph *g, const struct trainer_stage *s, const struct node *n)
{
    for (int i = 0; i < s->n_nodes; i++)
        if (g->nodes[s->nodes[i]] == n) return true;
    return false;
}
/* Made and read within the stage alone: neither it nor its gradient need reach memory. */
static bool is_inside(const struct graph *g, const struct trainer_stage *s, const struct tensor *t)
{
    if (t->is_output) return false;
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++)
            if (g->nodes[i]->in[k] == t && !is_among(g, s, g->nodes[i])) return false;
    return true;
}
static double inside_bytes(const struct graph *g, const struct trainer_stage *s)
{
    double bytes = 0;
    for (int i = 0; i < s->n_nodes; i++) {
        const struct node *n = g->nodes[s->nodes[i]];
        for (int k = 0; k < n->n_out; k++)
            if (is_inside(g, s, n->out[k])) bytes += 2 * (double)tensor_bytes(n->out[k]); /* written, read */
    }
    return bytes;
}
static struct work nodes_work(const struct trainer_stage *s, const struct training *counted)
{
    struct work sum = s->pass == PASS_UPDATE ? counted->passes[PASS_UPDATE] : (struct work){0};
    for (int i = 0; i < s->n_nodes; i++) {
        const struct work *w = &counted->nodes[s->nodes[i]].passes[s->is_recomputed ? PASS_FORWARD : s->pass];
        sum.cost = cost_add(sum.cost, w->cost);
        sum.bytes = count_add(sum.bytes, w->bytes);
    }
    return sum;
}

/* What a stage computes is counted once, in its pass; made again it is executed only. */
struct stage_work training_stage_work(const struct trainer *t, const struct trainer_stage *s,
                                      const struct training *counted)
{
    struct work w = nodes_work(s, counted);
    double inside = s->pass == PASS_WEIGHT ? 0 : inside_bytes(t->graph, s), bytes = (double)w.bytes;
    return (struct stage_work){.counted = s->is_recomputed ? 0 : (double)w.cost.flops,
                               .executed = (double)w.cost.flops + (double)s->flops_beyond,
                               .bytes = inside < bytes ? bytes - inside : 0};
}

static void add_counted(struct run *r, const struct work *w)
{
    r->macs = count_add(r->macs, w->cost.macs);
    r->flops_counted = r->flops_executed = count_add(r->flops_counted, w->cost.flops);
    r->bytes.fused = r->bytes.unfused = count_add(r->bytes.fused, w->bytes);
}
void training_count(struct trained *out, const struct training *counted)
{
    for (int p = 0; p < PASS_N; p++) {
        add_counted(&out->runs[p], &counted->passes[p]);
        add_counted(&out->runs[TRAINED_STEP], &counted->passes[p]);
    }
    for (int i = 0; i < TRAINED_RUNS; i++) out->runs[i].params = counted->analysis->params;
    out->counted = counted->memory;
}

/* A stage of its own part and of the step: by how much it executes other FLOPs than are counted, and its bytes. */
static void add_planned(struct run *r, const struct stage_work *w)
{
    r->flops_executed += (count)(w->executed - w->counted);
    r->bytes.fused += (count)w->bytes;
}
void training_plan_work(struct trained *out, const struct trainer *t, const struct training *counted)
{
    for (int i = 0; i < TRAINED_RUNS; i++) out->runs[i].bytes.fused = 0;
    for (int i = 0; i < t->n_stages; i++) {
        struct stage_work w = training_stage_work(t, &t->stages[i], counted);
        add_planned(&out->runs[training_run_of(&t->stages[i])], &w);
        add_planned(&out->runs[TRAINED_STEP], &w);
    }
    const struct run *step = &out->runs[TRAINED_STEP];
    if ((double)step->flops_executed < BENCH_FEWER * (double)step->flops_counted) /* as its groups say of a part */
        verdict_note(&out->runs[TRAINED_STEP], CODE_EXECUTED_FEWER);
}
