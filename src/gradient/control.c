/* If, Loop, Scan: their bodies written out among the graph's own nodes, as often as they run; their gradients are those
   of what is written. */
#include "gradient/back.h"

#include <string.h>

enum { WRITTEN_MAX = 1 << 15 }; /* nodes */

static const struct graph *body_of(struct back *b, const char *name)
{
    const struct attribute *a = node_attribute(b->n, name);
    if (a && a->type == ATTRIBUTE_GRAPH && a->graph) return a->graph;
    back_refuse(b, "its %.20s is missing", name);
    return NULL;
}

/* What a body keeps for itself is not trained: it is found where the body has it. */
static term kept(struct back *b, const struct tensor *from)
{
    if (from->role == ROLE_ABSENT) return graph_absent(b->g);
    term t = graph_initializer(b->g, from->name, ROLE_CONSTANT, from->dtype, from->shape.rank, from->shape.dim);
    if (!t) return NULL;
    int index = t->index;
    *t = *from;
    t->role = ROLE_CONSTANT;
    t->index = index;
    t->is_output = false;
    return t;
}

static void write_node(struct back *b, const struct node *from, term *at)
{
    term *in = arena_array(b->g->arena, (size_t)from->n_in + 1, sizeof(term));
    for (int i = 0; in && i < from->n_in; i++) {
        term *t = &at[from->in[i]->index];
        if (!*t) *t = kept(b, from->in[i]);
        in[i] = *t;
    }
    for (int i = 0; i < from->n_attributes; i++)
        if (from->attributes[i].type == ATTRIBUTE_GRAPH) back_refuse(b, "a body within its body is not followed");
    struct node *n = in ? back_node(b, from->op_type, from->n_in, in, from->n_out) : NULL;
    if (!n) return;
    n->domain = from->domain;
    n->attributes = from->attributes;
    n->n_attributes = n->room_attributes = from->n_attributes;
    back_infer(b, n);
    for (int i = 0; i < n->n_out; i++) at[from->out[i]->index] = n->out[i];
}

/* The body once, with these inputs. */
static void write_body(struct back *b, const struct graph *body, const term *in, term *out)
{
    term *at = body ? arena_array(b->g->arena, (size_t)body->n_tensors + 1, sizeof(term)) : NULL;
    if (!at) return;
    for (int i = 0; i < body->n_inputs; i++) at[body->inputs[i]->index] = in[i];
    for (int i = 0; i < body->n_captures; i++) at[body->captures[i].inner->index] = body->captures[i].outer;
    for (int i = 0; i < body->n_nodes && !b->status; i++) write_node(b, body->nodes[i], at);
    for (int i = 0; i < body->n_outputs; i++) {
        term *t = &at[body->outputs[i]->index];
        out[i] = *t ? *t : kept(b, body->outputs[i]);
    }
}
static term *terms(struct back *b, int n)
{
    term *list = arena_array(b->g->arena, (size_t)n + 1, sizeof(term));
    if (!list) b->g->failed = true;
    return list;
}

/* Where data decide, both branches are written, and what flows back goes to the one that was taken. */
static void define_if(struct back *b, term *out)
{
    const struct graph *body[] = {body_of(b, "else_branch"), body_of(b, "then_branch")};
    const struct tensor *condition = back_x(b, 0);
    bool is_known = condition->ints && tensor_elements(condition) == 1;
    term *made[] = {terms(b, b->n->n_out), terms(b, b->n->n_out)};
    for (int i = 0; i < 2; i++)
        if (made[i] && !b->status && (!is_known || i == (condition->ints[0] != 0)))
            write_body(b, body[i], NULL, made[i]);
    for (int i = 0; i < b->n->n_out && !b->status && made[0] && made[1]; i++) {
        term other = made[0][i], taken = made[1][i];
        if (is_known)
            out[i] = made[condition->ints[0] != 0][i];
        else if (!other || !taken || !shape_equal(&other->shape, &taken->shape))
            back_refuse(b, "data choose between branches of different sizes");
        else
            out[i] = MAKE(b, "Where", back_x(b, 0), taken, other);
    }
}

/* One along a new axis for each pass, joined. */
static term stacked(struct back *b, term *each, int64_t n, int axis, bool is_reverse)
{
    for (int64_t i = 0; i < n && !b->status; i++) {
        int64_t dim[SHAPE_RANK_MAX + 1];
        const struct shape *s = each[i] ? &each[i]->shape : NULL;
        if (!s || s->rank >= SHAPE_RANK_MAX) return NULL;
        for (int k = 0; k <= s->rank; k++) dim[k] = k == axis ? 1 : s->dim[k - (k > axis)];
        each[i] = back_reshape(b, each[i], s->rank + 1, dim);
    }
    for (int64_t i = 0; is_reverse && i < n / 2; i++) {
        term first = each[i];
        each[i] = each[n - 1 - i];
        each[n - 1 - i] = first;
    }
    struct node *joined = n == 1 ? NULL : back_node(b, "Concat", (int)n, each, 1);
    if (joined) node_set_int(b->g, joined, "axis", axis);
    return n == 1 ? each[0] : back_infer(b, joined);
}

static void check_passes(struct back *b, const struct graph *body, int64_t passes)
{
    if (passes < 1)
        back_refuse(b, "it runs its body no time, or as often as data say");
    else if (body && passes > WRITTEN_MAX / (body->n_nodes + 1))
        back_refuse(b, "written out, %lld passes are more than %d nodes", (long long)passes, WRITTEN_MAX);
}
static bool is_true(const struct tensor *t) { return t && t->ints && tensor_elements(t) == 1 && t->ints[0]; }
static term number(struct back *b, int64_t value, enum dtype d)
{
    term t = back_ints(b, 1, &value);
    if (t) tensor_set_shape(b->g, t, d, 0, NULL);
    return t;
}

/* What is carried through all passes, and stacks of the rest: [pass][output]. */
struct passes {
    int64_t n;
    int carried, stacked;
    term *made;
};
static void collect(struct back *b, const struct passes *p, const term *carried, term *out)
{
    for (int i = 0; i < p->carried && i < b->n->n_out; i++) out[i] = carried[i];
    for (int i = 0; i < p->stacked && p->carried + i < b->n->n_out && !b->status; i++) {
        const struct attribute *axes = node_attribute(b->n, "scan_output_axes");
        const struct attribute *ways = node_attribute(b->n, "scan_output_directions");
        term *each = p->made + (size_t)i * (size_t)p->n;
        int axis = axes ? (int)axes->ints[i] : 0;
        if (axis < 0 && each[0]) axis += each[0]->shape.rank + 1;
        out[p->carried + i] = stacked(b, each, p->n, axis, ways && ways->ints[i]);
    }
}

static void define_loop(struct back *b, term *out)
{
    const struct graph *body = body_of(b, "body");
    const struct tensor *m = back_has(b, 0) ? back_x(b, 0) : NULL;
    struct passes p = {.n = m && m->ints ? m->ints[0] : -1, .carried = b->n->n_in - 2};
    check_passes(b, body, p.n);
    if (back_has(b, 1) && !is_true(back_x(b, 1))) back_refuse(b, "data say how often it runs its body");
    if (b->status) return;
    p.stacked = body->n_outputs - 1 - p.carried;
    p.made = terms(b, (int)p.n * p.stacked);
    term *in = terms(b, body->n_inputs), *made = terms(b, body->n_outputs);
    for (int i = 0; in && i < p.carried; i++) in[2 + i] = back_x(b, 2 + i);
    for (int64_t k = 0; k < p.n && in && made && p.made && !b->status; k++) {
        in[0] = number(b, k, DTYPE_S64);
        in[1] = number(b, 1, DTYPE_BOOL);
        write_body(b, body, in, made);
        if (!b->status && !is_true(made[0])) back_refuse(b, "data say how often it runs its body");
        for (int i = 0; i < p.carried; i++) in[2 + i] = made[1 + i];
        for (int i = 0; i < p.stacked; i++) p.made[(int64_t)i * p.n + k] = made[1 + p.carried + i];
    }
    if (in && p.made) collect(b, &p, in + 2, out);
}

/* Element k of what is scanned, from its end where it is read backwards. */
static term scanned(struct back *b, int i, int first, int64_t length, int64_t k)
{
    const struct attribute *axes = node_attribute(b->n, "scan_input_axes");
    const struct attribute *ways = node_attribute(b->n, "scan_input_directions");
    const struct shape *x = &back_x(b, first + i)->shape;
    int axis = axes ? (int)axes->ints[i] : 0, n = 0;
    int64_t dim[SHAPE_RANK_MAX], at = ways && ways->ints[i] ? length - 1 - k : k;
    if (axis < 0) axis += x->rank;
    for (int d = 0; d < x->rank; d++)
        if (d != axis) dim[n++] = x->dim[d];
    return back_reshape(b, back_slice(b, back_x(b, first + i), axis, at, at + 1, 1), n, dim);
}
static void define_scan(struct back *b, term *out)
{
    const struct graph *body = body_of(b, "body");
    int n_scanned = (int)node_int(b->n, "num_scan_inputs", 0), carried = b->n->n_in - n_scanned;
    if (b->g->opset && b->g->opset < 9) back_refuse(b, "that of opset 8 is not followed");
    if (b->status) return;
    int64_t axis = node_int_at(b->n, "scan_input_axes", 0, 0);
    const struct shape *x = &back_x(b, carried)->shape;
    struct passes p = {.n = x->dim[axis < 0 ? axis + x->rank : axis], .carried = carried};
    check_passes(b, body, p.n);
    if (b->status) return;
    p.stacked = body->n_outputs - carried;
    p.made = terms(b, (int)p.n * p.stacked);
    term *in = terms(b, body->n_inputs), *made = terms(b, body->n_outputs);
    for (int i = 0; in && i < carried; i++) in[i] = back_x(b, i);
    for (int64_t k = 0; k < p.n && in && made && p.made && !b->status; k++) {
        for (int i = 0; i < n_scanned; i++) in[carried + i] = scanned(b, i, carried, p.n, k);
        write_body(b, body, in, made);
        for (int i = 0; i < carried; i++) in[i] = made[i];
        for (int i = 0; i < p.stacked; i++) p.made[(int64_t)i * p.n + k] = made[carried + i];
    }
    if (in && p.made) collect(b, &p, in, out);
}

#define DEFINED(name, rule, how)                        \
    {                                                   \
        name, DOMAIN_ONNX, .define = rule, .words = how \
    }
const struct gradient_rule rules_control[] = {
    DEFINED("If", define_if, "that of the branch taken; where data choose, of both, dy where it was taken"),
    DEFINED("Loop", define_loop, "that of its passes, written out; data must not say how many"),
    DEFINED("Scan", define_scan, "that of its passes, written out"),
    {0},
};
