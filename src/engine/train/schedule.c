/* The order of stages, which gradient goes where, and from when to when each buffer lives. */
#include "engine/train/lower.h"

struct scheduling {
    struct train_plan *plan;
    bool *is_kept; /* per part: its output is kept for backward; else it is made again */
    bool failed;
};

static struct stage *add_stage(struct scheduling *s, struct part *part, enum train_pass pass, bool is_recomputed)
{
    struct train_plan *p = s->plan;
    struct stage *stage = train_plan_grow(p, (void **)&p->stages, &p->n_stages, &p->room_stages, sizeof *stage);
    if (!stage)
        s->failed = true;
    else
        *stage = (struct stage){.part = part, .pass = pass, .is_recomputed = is_recomputed};
    return stage;
}
static int add_floats(struct scheduling *s, size_t image_floats)
{
    struct train_plan *p = s->plan;
    struct buffer *b = train_plan_grow(p, (void **)&p->buffers, &p->n_buffers, &p->room_buffers, sizeof *b);
    if (!b) {
        s->failed = true;
        return -1;
    }
    *b = (struct buffer){.image_floats = image_floats, .first = p->n_stages - 1, .last = p->n_stages - 1};
    return p->n_buffers - 1;
}
static int add_buffer(struct scheduling *s, const struct value *v)
{
    return add_floats(s, value_image_floats(s->plan, v));
}
/* A byte for each value, in whole lines. */
static int add_bytes(struct scheduling *s, const struct value *v)
{
    return add_floats(s, (value_image_floats(s->plan, v) / sizeof(float) + 15) / 16 * 16);
}
/* The buffer is used by the stage that was added last. */
static void touch(struct scheduling *s, int buffer)
{
    if (buffer >= 0 && !s->failed) s->plan->buffers[buffer].last = s->plan->n_stages - 1;
}
static struct value *root(struct value *v)
{
    while (v->host) v = v->host;
    return v;
}
/* Buffers are the host's: whoever writes a part of it first makes it. */
static int forward_buffer(struct scheduling *s, struct value *v)
{
    v = root(v);
    if (v->input >= 0) return -1;
    if (v->forward < 0) v->forward = add_buffer(s, v);
    touch(s, v->forward);
    return v->forward;
}

static void forward(struct scheduling *s)
{
    for (int i = 0; i < s->plan->n_parts; i++) {
        struct part *p = s->plan->parts[i];
        add_stage(s, p, PASS_FORWARD, false);
        for (int k = 0; k < p->n_in; k++) forward_buffer(s, p->in[k]);
        forward_buffer(s, p->out);
        if (p->type == &part_pool && p->pool == POOL_MAX) p->positions = add_bytes(s, p->out);
        p->out->has_gradient = p->weight >= 0;
        for (int k = 0; k < p->n_in; k++) p->out->has_gradient |= p->in[k]->has_gradient;
    }
}

/* What a stage of backward reads of forward is there: kept, or made again by stages of its own. */
static void ensure(struct scheduling *s, struct value *v)
{
    v = root(v);
    if (v->input >= 0 || s->failed) return;
    if (v->again >= 0) return;
    if (s->is_kept[v->maker->index]) return;
    struct part *p = v->maker;
    for (int i = 0; i < p->n_in; i++) ensure(s, p->in[i]);
    add_stage(s, p, PASS_FORWARD, true);
    for (int i = 0; i < p->n_in; i++) {
        struct value *in = root(p->in[i]);
        touch(s, in->again >= 0 ? in->again : in->forward);
    }
    v->again = add_buffer(s, v);
}
static void ensure_reads(struct scheduling *s, const struct part *p, enum train_pass pass)
{
    int reads = p->type->reads(p, pass);
    for (int i = 0; i < p->n_in; i++)
        if (reads & 1 << i) ensure(s, p->in[i]);
    if (reads & READS_OUTPUT) ensure(s, p->out);
}
static void touch_reads(struct scheduling *s, const struct part *p, enum train_pass pass)
{
    int reads = p->type->reads(p, pass);
    for (int i = 0; i <= p->n_in; i++) {
        bool is_read = i < p->n_in ? reads & 1 << i : reads & READS_OUTPUT;
        struct value *v = root(i < p->n_in ? p->in[i] : p->out);
        if (is_read) touch(s, v->again >= 0 ? v->again : v->forward);
    }
    touch(s, root(p->out)->gradient);
}

static void settle_flow(struct scheduling *s, struct part *p, int i)
{
    struct value *v = root(p->in[i]);
    int mine = root(p->out)->gradient;
    bool is_hosted = p->in[i]->host != NULL || p->out->host != NULL;
    if (!p->in[i]->has_gradient) {
        p->flow[i] = FLOW_NONE;
    } else if (v->gradient >= 0) {
        p->flow[i] = FLOW_ADD;
    } else if (p->flow[i] == FLOW_SAME && !is_hosted) {
        v->gradient = mine;
    } else {
        p->flow[i] = FLOW_WRITE;
        bool is_over = i == 0 && p->type->is_in_place && !is_hosted && p->rest < 0;
        v->gradient = is_over ? mine : add_buffer(s, v);
    }
    touch(s, v->gradient);
}
/* Inputs to which the gradient passes unchanged: of the first such input it is the output's own buffer. */
static void settle_same(struct part *p)
{
    int same = p->type == &part_add ? 0 : p->type == &part_norm ? p->rest : -1;
    for (int i = 0; i < p->n_in; i++) p->flow[i] = i == same ? FLOW_SAME : FLOW_WRITE;
    if (p->type == &part_add && !p->in[0]->has_gradient) p->flow[1] = FLOW_SAME;
}
static void backward_part(struct scheduling *s, struct part *p)
{
    bool is_wanted = false;
    if (root(p->out)->gradient < 0) return;
    for (int i = 0; i < p->n_in; i++) is_wanted |= p->in[i]->has_gradient;
    if (p->type->weight && p->weight >= 0) {
        ensure_reads(s, p, PASS_WEIGHT);
        add_stage(s, p, PASS_WEIGHT, false);
        touch_reads(s, p, PASS_WEIGHT);
    }
    if (!is_wanted) return;
    ensure_reads(s, p, PASS_DATA);
    add_stage(s, p, PASS_DATA, false);
    touch_reads(s, p, PASS_DATA);
    touch(s, p->positions);
    settle_same(p);
    for (int i = 0; i < p->n_in; i++) settle_flow(s, p, i);
    const struct part_type *t = p->type;
    bool is_apart = t == &part_convolution || t == &part_depthwise || t == &part_norm; /* they write, and cannot add */
    if (is_apart && p->flow[0] == FLOW_ADD) p->temporary = add_buffer(s, p->in[0]);
}

/* What forward leaves beyond the loss is saved. */
static void mark_saved(struct train_plan *p)
{
    for (int i = 0; i < p->n_buffers; i++) {
        struct buffer *b = &p->buffers[i];
        b->is_saved = b->first < p->loss_stage && b->last > p->loss_stage;
    }
}

static bool keeps(const struct train_plan *plan, const struct part *p)
{
    switch (plan->options.recompute) {
    case RECOMPUTE_NONE: return true;
    case RECOMPUTE_CHEAP: return !p->type->is_cheap || (p->type == &part_norm && p->rest >= 0);
    case RECOMPUTE_CHECKPOINT: break;
    }
    return false;
}
/* Parts whose output is all that later parts read of what came before. */
static void find_cuts(const struct train_plan *plan, bool *is_cut)
{
    for (int i = 0; i < plan->n_parts; i++) {
        is_cut[i] = true;
        for (int k = i + 1; k < plan->n_parts && is_cut[i]; k++)
            for (int j = 0; j < plan->parts[k]->n_in; j++) {
                const struct value *v = plan->parts[k]->in[j];
                if (v->maker && v->maker->index < i) is_cut[i] = false;
            }
    }
}
/* Checkpoints: of the cuts, one every root(number of cuts). */
static void choose_checkpoints(struct scheduling *s)
{
    int n = 0, every = 1, met = 0;
    find_cuts(s->plan, s->is_kept);
    for (int i = 0; i < s->plan->n_parts; i++) n += s->is_kept[i];
    while (every * every < n) every++;
    for (int i = 0; i < s->plan->n_parts; i++)
        if (s->is_kept[i]) s->is_kept[i] = met++ % every == every - 1;
}

gable_status train_schedule(struct train_plan *p, gable_error *e)
{
    struct scheduling s = {.plan = p, .is_kept = arena_array(p->memory, (size_t)p->n_parts + 1, sizeof *s.is_kept)};
    s.failed = !s.is_kept;
    for (int i = 0; !s.failed && i < p->n_parts; i++) s.is_kept[i] = keeps(p, p->parts[i]);
    if (!s.failed && p->options.recompute == RECOMPUTE_CHECKPOINT) choose_checkpoints(&s);
    if (!s.failed) forward(&s);
    if (!s.failed && !p->output->has_gradient)
        return error_set(e, GABLE_BAD_INPUT, "nothing in %s is trained", p->graph->name);
    add_stage(&s, NULL, PASS_FORWARD, false);
    p->loss_stage = p->n_stages - 1;
    if (!s.failed) {
        touch(&s, forward_buffer(&s, p->output));
        root(p->output)->gradient = add_buffer(&s, root(p->output));
    }
    for (int i = p->n_parts - 1; i >= 0 && !s.failed; i--) backward_part(&s, p->parts[i]);
    add_stage(&s, NULL, PASS_UPDATE, false);
    if (s.failed) return error_set(e, GABLE_NO_MEMORY, "no memory to plan %s", p->graph->name);
    mark_saved(p);
    return GABLE_OK;
}
