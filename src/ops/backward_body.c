/* Backward of bodies: the first pass, whose carried inputs may need no gradient; the last, whose carried outputs may
   get none; those between. What a body captures gets a part from every pass, and the parts are added. What it keeps for
   itself is not trained. */
#include "ops/control.h"
#include "ops/flow.h"
#include "ops/storage.h"

#include <string.h>

enum {
    ROUNDS_MAX = 64, /* until what is carried has settled; longer chains are taken as needed */
    DEPTH_MAX = 4    /* of bodies whose first and last passes are told apart from the others */
};

struct body_sum {
    struct backward cost;
    count kept;
    count *parts; /* per capture: the passes that send it a part */
};
struct unrolled {
    const struct flow *outer;
    const struct node *node;
    const struct body_run *run;
    bool *needed[2]; /* per tensor of the body: in the first pass, in the later ones */
    bool *flows[2];  /* per output of the body: in the last pass, in the earlier ones */
};
static const struct tensor *carried_in(const struct body_run *r, int i) { return r->body->inputs[r->first_in + i]; }
static const struct tensor *carried_out(const struct body_run *r, int i) { return r->body->outputs[r->first_out + i]; }

static bool is_trainable(const struct tensor *t) { return t->dtype != DTYPE_UNDEFINED && !t->ints; }

static bool start(struct unrolled *u, struct flow *f, struct gradients *found)
{
    return flow_new(f, u->run->body, u->outer, u->outer->arena, found);
}

/* What is needed in the first pass follows from the node's inputs; in later ones also from the pass before. */
static bool find_needed(struct unrolled *u)
{
    const struct graph *body = u->run->body;
    struct gradients found;
    struct flow f;
    size_t bytes = (size_t)body->n_tensors * sizeof *f.needed;
    if (!start(u, &f, &found)) return false;
    for (int i = 0; i < body->n_captures; i++)
        f.needed[body->captures[i].inner->index] = u->outer->needed[body->captures[i].outer->index];
    for (int i = u->run->first_in; u->run->takes_inputs && i < body->n_inputs && i < u->node->n_in; i++)
        f.needed[body->inputs[i]->index] = u->outer->needed[u->node->in[i]->index] && is_trainable(body->inputs[i]);
    flow_find_needed(&f);
    for (int k = 0; k < 2; k++)
        if (!(u->needed[k] = arena_array(f.arena, (size_t)body->n_tensors + 1, sizeof *f.needed))) return false;
    memcpy(u->needed[0], f.needed, bytes);
    bool has_changed = true;
    for (int round = 0; has_changed; round++) {
        has_changed = false;
        for (int i = 0; i < u->run->n_carried; i++) {
            bool *into = &f.needed[carried_in(u->run, i)->index];
            bool more = !*into && (f.needed[carried_out(u->run, i)->index] || round == ROUNDS_MAX);
            *into |= more;
            has_changed |= more;
        }
        if (has_changed) flow_find_needed(&f);
    }
    memcpy(u->needed[1], f.needed, bytes);
    return true;
}

/* The outputs whose gradients come in, once for each place in the list. */
static void seed(const struct unrolled *u, const bool *flows, struct flow *f, struct cost *sums)
{
    for (int i = 0; i < u->run->body->n_outputs; i++) {
        const struct tensor *t = u->run->body->outputs[i];
        if (!flows[i] || !f->needed[t->index]) continue;
        if (f->has_part[t->index]) sums->flops = count_add(sums->flops, tensor_elements(t));
        f->has_part[t->index] = f->out->flows[t->index] = true;
        f->out->parts[t->index]++;
    }
}

/* In the last pass those of the node's outputs; before it also those of what the next pass reads. */
static bool find_flows(struct unrolled *u)
{
    const struct body_run *r = u->run;
    size_t n = (size_t)r->body->n_outputs;
    for (int k = 0; k < 2; k++)
        if (!(u->flows[k] = arena_array(u->outer->arena, n + 1, sizeof(bool)))) return false;
    for (int i = 0; i < u->node->n_out && r->first_out + i < r->body->n_outputs; i++)
        u->flows[0][r->first_out + i] = u->outer->out->flows[u->node->out[i]->index];
    memcpy(u->flows[1], u->flows[0], n * sizeof(bool));
    bool has_changed = r->n_carried > 0;
    for (int round = 0; has_changed; round++) {
        struct gradients found;
        struct flow f;
        struct cost ignored = {0};
        has_changed = false;
        if (!start(u, &f, &found)) return false;
        memcpy(f.needed, u->needed[1], (size_t)r->body->n_tensors * sizeof *f.needed);
        seed(u, u->flows[1], &f, &ignored);
        flow_find_back(&f);
        for (int i = 0; i < r->n_carried; i++) {
            bool more = !u->flows[1][r->first_out + i] && (found.flows[carried_in(r, i)->index] || round == ROUNDS_MAX);
            u->flows[1][r->first_out + i] |= more;
            has_changed |= more;
        }
    }
    return true;
}

/* What a pass keeps: what its nodes read again of what it made, or captured as an activation. */
static count kept_of(const struct flow *f, const struct storage *s, bool *is_kept)
{
    count bytes = 0;
    for (int i = 0; i < f->g->n_nodes; i++) {
        const struct node *n = f->g->nodes[i];
        bytes = count_add(bytes, f->out->aside[i]);
        for (int k = 0; node_reads(n, k); k++)
            for (int place = 0; gradient_reaches(f->out, n, k) && place < n->n_in + n->n_out; place++)
                if (gradient_reads(n, k, place))
                    is_kept[s->root[(place < n->n_in ? n->in[place] : n->out[place - n->n_in])->index]->index] = true;
    }
    for (int i = 0; i < f->g->n_tensors; i++) {
        const struct tensor *t = f->g->tensors[i];
        bool is_own = t->producer || (t->role == ROLE_CAPTURE && f->source[i]->role == ROLE_ACTIVATION);
        if (is_kept[i] && is_own && !storage_is_free(t)) bytes = count_add(bytes, tensor_bytes(t));
    }
    return bytes;
}

static struct cost times(struct cost c, count n) { return (struct cost){count_mul(c.macs, n), count_mul(c.flops, n)}; }

static bool add_passes(struct unrolled *u, bool is_first, bool is_last, count n, struct body_sum *sum)
{
    const struct graph *body = u->run->body;
    struct gradients found;
    struct flow f;
    struct storage storage;
    struct backward each = {0};
    bool *is_kept = arena_array(u->outer->arena, (size_t)body->n_tensors + 1, sizeof *is_kept);
    if (n < 1) return true;
    if (!is_kept || !start(u, &f, &found) || !storage_find(body, true, f.arena, &storage)) return false;
    memcpy(f.needed, u->needed[!is_first], (size_t)body->n_tensors * sizeof *f.needed);
    seed(u, u->flows[!is_last], &f, &each.data);
    flow_find_back(&f);
    if (!flow_cost(&f)) return false;
    for (int i = 0; i < body->n_nodes; i++) each = backward_add(each, found.nodes[i]);
    sum->cost.data = cost_add(sum->cost.data, times(each.data, n));
    sum->cost.weight = cost_add(sum->cost.weight, times(each.weight, n));
    sum->kept = count_add(sum->kept, count_mul(n, kept_of(&f, &storage, is_kept)));
    for (int i = 0; i < body->n_captures; i++)
        if (f.has_part[body->captures[i].inner->index]) sum->parts[i] = count_add(sum->parts[i], n);
    return true;
}

/* Parts beyond the first are added. */
static void add_parts(const struct unrolled *u, struct body_sum *sum)
{
    for (int i = 0; i < u->run->body->n_captures; i++) {
        const struct tensor *t = u->run->body->captures[i].outer;
        struct cost *into = flow_is_trained(u->outer, t) ? &sum->cost.weight : &sum->cost.data;
        if (sum->parts[i] > 1) into->flops = count_add(into->flops, count_mul(sum->parts[i] - 1, tensor_elements(t)));
    }
}

/* Whatever runs it has been inferred; a branch for other shapes than these may not have been. */
static bool is_known(const struct body_run *r)
{
    if (!r->body || r->passes < 1) return false;
    for (int i = 0; i < r->body->n_nodes; i++)
        if (!r->body->nodes[i]->op) return false;
    return r->first_in + r->n_carried <= r->body->n_inputs && r->first_out + r->n_carried <= r->body->n_outputs;
}

static bool tells_passes_apart(const struct flow *f)
{
    int depth = 0;
    for (; f->outer; f = f->outer) depth++;
    return depth < DEPTH_MAX;
}

static bool run_backward(const struct flow *f, const struct node *n, const struct body_run *r, struct body_sum *sum)
{
    struct unrolled u = {.outer = f, .node = n, .run = r};
    *sum = (struct body_sum){0};
    if (!is_known(r)) return true;
    sum->parts = arena_array(f->arena, (size_t)r->body->n_captures + 1, sizeof *sum->parts);
    if (!sum->parts || !find_needed(&u) || !find_flows(&u)) return false;
    bool ok;
    if (r->passes == 1)
        ok = add_passes(&u, true, true, 1, sum);
    else if (!tells_passes_apart(f))
        ok = add_passes(&u, false, false, r->passes, sum);
    else
        ok = add_passes(&u, true, false, 1, sum) && add_passes(&u, false, false, r->passes - 2, sum) &&
             add_passes(&u, false, true, 1, sum);
    add_parts(&u, sum);
    return ok;
}

bool bodies_backward(const struct flow *f, const struct node *n, struct backward *cost, count *kept)
{
    struct body_run runs[BODIES_MAX];
    struct body_sum sum[BODIES_MAX];
    const int n_runs = control_runs(n, runs);
    int cheapest = 0;
    if (n_runs < 1) return true;
    for (int i = 0; i < n_runs; i++) {
        if (!run_backward(f, n, &runs[i], &sum[i])) return false;
        if (backward_sum(sum[i].cost).flops < backward_sum(sum[cheapest].cost).flops) cheapest = i;
    }
    *cost = sum[cheapest].cost;
    *kept = sum[cheapest].kept;
    return true;
}
