#include "ops/traffic.h"

#include "ops/control.h"

bool traffic_first(struct traffic_scope *s, const struct tensor *t, int mark)
{
    if (s->seen[t->index] == mark) return false;
    s->seen[t->index] = mark;
    return true;
}

static bool is_weight(const struct traffic_scope *s, const struct tensor *t)
{
    return s->is_weight ? s->is_weight[t->index] : tensor_is_initializer(t);
}

static void add_read(struct traffic_scope *s, const struct tensor *in, int mark, struct moved *m)
{
    const struct tensor *t = s->storage.root[in->index];
    if (storage_is_free(t) || !traffic_first(s, t, mark)) return;
    count *bytes = is_weight(s, t) ? &m->weight : &m->read;
    *bytes = count_add(*bytes, tensor_bytes(in));
}

static bool open_body(const struct traffic_scope *parent, const struct graph *body, struct traffic_scope *out)
{
    size_t n = (size_t)body->n_tensors + 1;
    *out = (struct traffic_scope){.arena = parent->arena};
    out->seen = arena_array(out->arena, n, sizeof *out->seen);
    out->is_weight = arena_array(out->arena, n, sizeof *out->is_weight);
    if (!out->seen || !out->is_weight || !storage_find(body, false, out->arena, &out->storage)) return false;
    for (int i = 0; i < body->n_tensors; i++) out->is_weight[i] = tensor_is_initializer(body->tensors[i]);
    for (int i = 0; i < body->n_captures; i++)
        out->is_weight[body->captures[i].inner->index] = is_weight(parent, body->captures[i].outer);
    return true;
}

static struct moved moved_add(struct moved a, struct moved b, count times)
{
    return (struct moved){count_add(a.read, count_mul(b.read, times)), count_add(a.weight, count_mul(b.weight, times)),
                          count_add(a.write, count_mul(b.write, times))};
}

static count moved_all(struct moved m) { return count_add(count_add(m.read, m.weight), m.write); }

static bool body_traffic(const struct traffic_scope *parent, const struct body_run *run, struct moved *out)
{
    struct traffic_scope s;
    if (!open_body(parent, run->body, &s)) return false;
    *out = (struct moved){0};
    for (int i = 0; i < run->body->n_nodes; i++) {
        struct moved one = {0};
        if (!traffic_of(&s, run->body->nodes[i], i + 1, &one)) return false;
        *out = moved_add(*out, one, run->passes);
    }
    return true;
}

/* Beside its bodies a node reads what they do not take from it: conditions. */
static bool bodies_traffic(struct traffic_scope *s, const struct node *n, int mark, const struct body_run *runs,
                           int n_runs, struct moved *out)
{
    struct moved least = {0};
    for (int k = 0; k < n_runs; k++) {
        struct moved one;
        if (!body_traffic(s, &runs[k], &one)) return false;
        if (!k || moved_all(one) < moved_all(least)) least = one;
    }
    for (int i = 0; i < n->n_in && (!runs->takes_inputs || i < runs->first_in); i++) add_read(s, n->in[i], mark, out);
    *out = moved_add(*out, least, 1);
    return true;
}

bool traffic_of(struct traffic_scope *s, const struct node *n, int mark, struct moved *out)
{
    struct body_run runs[BODIES_MAX];
    const int n_runs = control_runs(n, runs);
    const struct tensor *in;
    if (n->op->is_view) return true;
    if (n_runs) return bodies_traffic(s, n, mark, runs, n_runs, out);
    for (int i = 0; (in = node_reads(n, i)); i++) add_read(s, in, mark, out);
    for (int i = 0; i < n->n_out; i++)
        if (!storage_is_free(n->out[i])) out->write = count_add(out->write, tensor_bytes(n->out[i]));
    return true;
}

static count held_by(const struct graph *body)
{
    count bytes = 0;
    for (int i = 0; i < body->n_tensors; i++) {
        const struct tensor *t = body->tensors[i];
        if (tensor_is_initializer(t) && !storage_is_free(t)) bytes = count_add(bytes, tensor_bytes(t));
    }
    for (int i = 0; i < body->n_nodes; i++) bytes = count_add(bytes, traffic_held(body->nodes[i]));
    return bytes;
}

count traffic_held(const struct node *n)
{
    struct body_run runs[BODIES_MAX];
    const int n_runs = control_runs(n, runs);
    count least = 0;
    for (int k = 0; k < n_runs; k++) {
        count held = runs[k].passes ? held_by(runs[k].body) : 0;
        if (!k || held < least) least = held;
    }
    return least;
}
