/* If, Loop, Scan, SequenceMap: their bodies are inferred with what reaches them, and counted as often as is known. */
#include "ops/control.h"

#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

static struct graph *body_of(const struct node *n, const char *name)
{
    const struct attribute *a = node_attribute(n, name);
    return a && a->type == ATTRIBUTE_GRAPH ? a->graph : NULL;
}

static void copy_tensor(struct tensor *to, const struct tensor *from)
{
    to->dtype = from->dtype;
    to->form = from->form;
    to->shape = from->shape;
    to->has_shape = from->has_shape;
    to->is_at_most = from->is_at_most;
    to->ints = from->ints;
    to->reals = from->reals;
}

/* What a body captures is known by now; its inputs have been set. */
static gable_status infer_body(struct graph *body, const char *name, gable_error *e)
{
    for (int i = 0; i < body->n_captures; i++) copy_tensor(body->captures[i].inner, body->captures[i].outer);
    return ops_infer(body, e) ? error_within(e, "%s", name) : GABLE_OK;
}

static void set_input(struct graph *body, int i, enum dtype d, int rank, const int64_t *dim)
{
    tensor_set_shape(body, body->inputs[i], d, rank, dim);
}

static struct cost body_cost(const struct graph *body)
{
    struct cost sum = {0};
    for (int i = 0; body && i < body->n_nodes; i++) sum = cost_add(sum, op_cost(body->nodes[i]));
    return sum;
}

static struct cost cost_times(struct cost c, count times)
{
    return (struct cost){count_mul(c.macs, times), count_mul(c.flops, times)};
}

static bool body_is_exact(const struct graph *body)
{
    for (int i = 0; body && i < body->n_nodes; i++)
        if (node_certainty(body->nodes[i]) != COST_EXACT) return false;
    return body;
}

static enum certainty certain_where(bool is_exact) { return is_exact ? COST_EXACT : COST_BOUND; }

/* The branch that runs, where the condition is known; else NULL. */
static struct graph *branch_known(const struct node *n)
{
    const struct tensor *condition = n->in[0];
    if (!condition->ints || tensor_elements(condition) != 1) return NULL;
    return body_of(n, condition->ints[0] ? "then_branch" : "else_branch");
}

/* Inference has gone through it: it ends at the first node that these shapes do not fit. */
static bool fits(const struct graph *body)
{
    for (int i = 0; body && i < body->n_nodes; i++)
        if (!body->nodes[i]->op) return false;
    return body;
}

/* The branch that runs: known, or the only one for these shapes; else NULL. */
static struct graph *branch_taken(const struct node *n)
{
    struct graph *yes = body_of(n, "then_branch"), *no = body_of(n, "else_branch"), *known = branch_known(n);
    return known || fits(yes) == fits(no) ? known : fits(yes) ? yes : no;
}

/* Two branches that give different sizes: the larger of each dimension. */
static gable_status either_shape(struct graph *g, struct node *n, int i, const struct tensor *a, const struct tensor *b,
                                 gable_error *e)
{
    int64_t dim[SHAPE_RANK_MAX];
    if (a->form != b->form || a->dtype != b->dtype)
        return error_set(e, GABLE_BAD_INPUT, "its branches give different types for output %d", i);
    if (!a->has_shape || !b->has_shape) return rule_like(g, n, i, a->has_shape ? b : a, e);
    if (a->shape.rank != b->shape.rank)
        return rule_stated(n, i, "its branches give different numbers of dimensions", e);
    for (int k = 0; k < a->shape.rank; k++)
        dim[k] = a->shape.dim[k] > b->shape.dim[k] ? a->shape.dim[k] : b->shape.dim[k];
    n->out[i]->form = a->form;
    n->out[i]->is_at_most |= a->is_at_most || b->is_at_most || !shape_equal(&a->shape, &b->shape);
    return rule_output(g, n, i, a->dtype, a->shape.rank, dim, e);
}

static bool all_stated(const struct node *n)
{
    for (int i = 0; i < n->n_out; i++)
        if (!tensor_is_known(n->out[i]) && n->out[i]->role != ROLE_ABSENT) return false;
    return true;
}

/* *taken: the branch that is known to run, or NULL; then the only one that fits, the other being for other shapes. */
static gable_status infer_branches(struct graph *yes, struct graph *no, struct graph **taken, gable_error *e)
{
    static const char *const names[] = {"then_branch", "else_branch"};
    gable_error why[2] = {0};
    gable_status s[2];
    if (*taken) return infer_body(*taken, names[*taken == no], e);
    for (int i = 0; i < 2; i++) s[i] = infer_body(i ? no : yes, names[i], &why[i]);
    int failed = s[0] ? 0 : 1, other = 1 - failed;
    if (s[failed] && (s[other] || s[failed] != GABLE_BAD_INPUT)) {
        *e = why[failed];
        return s[failed];
    }
    if (s[failed]) *taken = other ? no : yes;
    return GABLE_OK;
}

static gable_status if_shape(struct graph *g, struct node *n, gable_error *e)
{
    struct graph *yes = body_of(n, "then_branch"), *no = body_of(n, "else_branch"), *taken = branch_known(n);
    if (!yes || !no) return error_set(e, GABLE_BAD_INPUT, "then_branch and else_branch must both be there");
    if (yes->n_outputs != n->n_out || no->n_outputs != n->n_out)
        return error_set(e, GABLE_BAD_INPUT, "its branches give %d and %d values, the node %d", yes->n_outputs,
                         no->n_outputs, n->n_out);
    gable_status s = infer_branches(yes, no, &taken, e);
    if (s && !branch_known(n) && all_stated(n)) return GABLE_OK;
    for (int i = 0; i < n->n_out && !s; i++)
        s = taken ? rule_like(g, n, i, taken->outputs[i], e)
                  : either_shape(g, n, i, yes->outputs[i], no->outputs[i], e);
    return s;
}

/* The cheaper branch: at least that runs. */
static struct cost if_cost(const struct node *n)
{
    const struct graph *taken = branch_taken(n);
    if (taken) return body_cost(taken);
    struct cost yes = body_cost(body_of(n, "then_branch")), no = body_cost(body_of(n, "else_branch"));
    return yes.flops < no.flops ? yes : no;
}

static enum certainty if_certain(const struct node *n)
{
    const struct graph *taken = branch_taken(n);
    return certain_where(taken && body_is_exact(taken));
}

static bool is_true(const struct tensor *t) { return t->ints && t->has_shape && tensor_elements(t) == 1 && t->ints[0]; }

/* A loop that its condition never ends: it is true from the start, and the body hands it on or gives true. */
static bool runs_all_trips(const struct node *n, const struct graph *body)
{
    const struct tensor *next = body->outputs[0];
    if (rule_has(n, 1) && !is_true(n->in[1])) return false;
    while (next->producer && !strcmp(next->producer->op_type, "Identity")) next = next->producer->in[0];
    return next == body->inputs[1] || is_true(next);
}

/* -1 where only data say it. */
static int64_t trips_of(const struct node *n)
{
    const struct tensor *m = rule_has(n, 0) ? n->in[0] : NULL;
    if (!m || !m->ints || tensor_elements(m) != 1) return -1;
    return m->ints[0] < 0 ? 0 : m->ints[0];
}

static gable_status loop_open(const struct node *n, struct graph *body, int carried, gable_error *e)
{
    if (!body || n->n_in < 2) return error_set(e, GABLE_BAD_INPUT, "body or its first two inputs are missing");
    if (body->n_inputs != carried + 2 || body->n_outputs < carried + 1 || n->n_out > body->n_outputs - 1)
        return error_set(e, GABLE_BAD_INPUT, "its body has %d inputs and %d outputs, the node carries %d and gives %d",
                         body->n_inputs, body->n_outputs, carried, n->n_out);
    set_input(body, 0, DTYPE_S64, 0, NULL);
    set_input(body, 1, DTYPE_BOOL, 0, NULL);
    for (int i = 0; i < carried; i++) {
        copy_tensor(body->inputs[i + 2], n->in[i + 2]);
        body->inputs[i + 2]->ints = NULL; /* the first pass's alone */
        body->inputs[i + 2]->reals = NULL;
    }
    return infer_body(body, "body", e);
}

static gable_status loop_stacked(struct graph *g, struct node *n, int i, const struct tensor *each, int64_t trips,
                                 gable_error *e)
{
    int64_t dim[SHAPE_RANK_MAX + 1] = {trips};
    if (trips < 0 || !each->has_shape) return rule_stated(n, i, "data decide how often its body runs", e);
    for (int k = 0; k < each->shape.rank; k++) dim[k + 1] = each->shape.dim[k];
    n->out[i]->is_at_most |= each->is_at_most || !runs_all_trips(n, body_of(n, "body"));
    return rule_output(g, n, i, each->dtype, each->shape.rank + 1, dim, e);
}

static gable_status loop_shape(struct graph *g, struct node *n, gable_error *e)
{
    struct graph *body = body_of(n, "body");
    int carried = n->n_in > 2 ? n->n_in - 2 : 0;
    gable_status s = loop_open(n, body, carried, e);
    for (int i = 0; i < n->n_out && !s; i++) {
        const struct tensor *made = body->outputs[i + 1];
        if (i >= carried)
            s = loop_stacked(g, n, i, made, trips_of(n), e);
        else if (made->form == FORM_TENSOR && made->has_shape && n->in[i + 2]->has_shape &&
                 !shape_equal(&made->shape, &n->in[i + 2]->shape))
            s = rule_stated(n, i, "it changes its shape from pass to pass", e);
        else
            s = rule_like(g, n, i, made, e);
    }
    return s;
}

static struct cost loop_cost(const struct node *n)
{
    int64_t trips = trips_of(n);
    return cost_times(body_cost(body_of(n, "body")), trips < 0 ? 1 : trips);
}

static enum certainty loop_certain(const struct node *n)
{
    const struct graph *body = body_of(n, "body");
    if (trips_of(n) >= 0 && !runs_all_trips(n, body)) return COST_MOST;
    return certain_where(trips_of(n) >= 0 && body_is_exact(body));
}

/* Scan of opset 9 and later: what is carried, then what is scanned along one axis each. */
struct scan {
    int n_states, n_scanned;
    int64_t length;
};

static gable_status scan_axis(const struct node *n, const char *name, int i, int rank, int *axis, gable_error *e)
{
    int64_t value = node_int_at(n, name, i, 0);
    if (value < -rank || value >= rank)
        return error_set(e, GABLE_BAD_INPUT, "%s holds %" PRId64 ", the tensor has %d dimensions", name, value, rank);
    *axis = (int)(value < 0 ? value + rank : value);
    return GABLE_OK;
}

static gable_status scan_open(const struct node *n, struct graph *body, struct scan *scan, gable_error *e)
{
    int64_t scanned = 0, dim[SHAPE_RANK_MAX];
    gable_status s = rule_int(n, "num_scan_inputs", 0, 1, n->n_in, &scanned, e);
    if (!s && (!body || scanned < 1)) s = error_set(e, GABLE_BAD_INPUT, "body or num_scan_inputs is missing");
    if (s) return s;
    *scan = (struct scan){.n_states = n->n_in - (int)scanned, .n_scanned = (int)scanned, .length = -1};
    if (body->n_inputs != n->n_in || body->n_outputs != n->n_out || n->n_out < scan->n_states)
        return error_set(e, GABLE_BAD_INPUT, "its body has %d inputs and %d outputs, the node %d and %d",
                         body->n_inputs, body->n_outputs, n->n_in, n->n_out);
    for (int i = 0; i < scan->n_states; i++) copy_tensor(body->inputs[i], n->in[i]);
    for (int i = scan->n_states; i < n->n_in && !s; i++) {
        const struct shape *x = in_shape(n, i);
        int axis = 0, rank = 0;
        s = scan_axis(n, "scan_input_axes", i - scan->n_states, x->rank, &axis, e);
        if (s) return s;
        if (scan->length >= 0 && x->dim[axis] != scan->length)
            return error_set(e, GABLE_BAD_INPUT, "its inputs differ in length: %" PRId64 " and %" PRId64, scan->length,
                             x->dim[axis]);
        scan->length = x->dim[axis];
        for (int k = 0; k < x->rank; k++)
            if (k != axis) dim[rank++] = x->dim[k];
        set_input(body, i, n->in[i]->dtype, rank, dim);
    }
    return infer_body(body, "body", e);
}

static gable_status scan_stacked(struct graph *g, struct node *n, const struct scan *scan, int i,
                                 const struct tensor *each, gable_error *e)
{
    int64_t dim[SHAPE_RANK_MAX + 1];
    int axis = 0;
    if (!each->has_shape) return rule_stated(n, i, "its body gives no known shape", e);
    gable_status s = scan_axis(n, "scan_output_axes", i - scan->n_states, each->shape.rank + 1, &axis, e);
    for (int k = 0, from = 0; k <= each->shape.rank && !s; k++)
        dim[k] = k == axis ? scan->length : each->shape.dim[from++];
    n->out[i]->is_at_most |= each->is_at_most;
    return s ? s : rule_output(g, n, i, each->dtype, each->shape.rank + 1, dim, e);
}

static gable_status scan_shape(struct graph *g, struct node *n, gable_error *e)
{
    struct graph *body = body_of(n, "body");
    struct scan scan;
    gable_status s = GABLE_OK;
    if (g->opset && g->opset < 9) { /* batches and lengths of sequences: another operator of the same name */
        for (int i = 0; i < n->n_out && !s; i++) s = rule_stated(n, i, "Scan of opset 8", e);
        return s;
    }
    s = scan_open(n, body, &scan, e);
    for (int i = 0; i < n->n_out && !s; i++)
        s = i < scan.n_states ? rule_like(g, n, i, body->outputs[i], e)
                              : scan_stacked(g, n, &scan, i, body->outputs[i], e);
    return s;
}

/* The length of the first input that is scanned; -1 in opset 8. */
static int64_t scan_length(const struct node *n)
{
    int64_t scanned = node_int(n, "num_scan_inputs", 0);
    const struct graph *body = body_of(n, "body");
    if (!body || scanned < 1 || scanned > n->n_in || (body->parent && body->parent->opset < 9 && body->parent->opset))
        return -1;
    const struct shape *x = in_shape(n, n->n_in - (int)scanned);
    int64_t axis = node_int_at(n, "scan_input_axes", 0, 0);
    return x->dim[axis < 0 ? axis + x->rank : axis];
}

static struct cost scan_cost(const struct node *n)
{
    int64_t length = scan_length(n);
    struct cost nothing = {0};
    return length < 0 ? nothing : cost_times(body_cost(body_of(n, "body")), length);
}

static enum certainty scan_certain(const struct node *n)
{
    return certain_where(scan_length(n) >= 0 && body_is_exact(body_of(n, "body")));
}

static gable_status map_shape(struct graph *g, struct node *n, gable_error *e)
{
    struct graph *body = body_of(n, "body");
    if (!body || body->n_inputs != n->n_in || body->n_outputs != n->n_out)
        return error_set(e, GABLE_BAD_INPUT, "body is missing or has other inputs and outputs than the node");
    for (int i = 0; i < n->n_in; i++) {
        copy_tensor(body->inputs[i], n->in[i]);
        body->inputs[i]->form = FORM_TENSOR; /* one element */
    }
    gable_status s = infer_body(body, "body", e);
    for (int i = 0; i < n->n_out && !s; i++) {
        s = rule_like(g, n, i, body->outputs[i], e);
        n->out[i]->form = FORM_SEQUENCE;
    }
    return s;
}

static struct cost map_cost(const struct node *n) { return body_cost(body_of(n, "body")); }

static int branches(const struct node *n, struct body_run runs[BODIES_MAX])
{
    const struct graph *taken = branch_taken(n);
    runs[0] = (struct body_run){.body = taken ? taken : body_of(n, "then_branch"), .passes = 1};
    runs[1] = (struct body_run){.body = body_of(n, "else_branch"), .passes = 1};
    return taken ? 1 : 2;
}

static int runs_of(const struct node *n, struct body_run runs[BODIES_MAX])
{
    const struct graph *body = body_of(n, "body");
    if (*n->domain) return 0;
    if (!strcmp(n->op_type, "If")) return branches(n, runs);
    if (!strcmp(n->op_type, "Loop")) {
        int64_t trips = trips_of(n);
        runs[0] = (struct body_run){body, trips < 0 ? 1 : trips, 2, 1, n->n_in > 2 ? n->n_in - 2 : 0, true};
        return 1;
    }
    if (strcmp(n->op_type, "Scan") != 0) return 0;
    int64_t length = scan_length(n);
    if (length < 0) return 0;
    int states = n->n_in - (int)node_int(n, "num_scan_inputs", 0);
    runs[0] = (struct body_run){body, length, 0, 0, states, true};
    return 1;
}

int control_runs(const struct node *n, struct body_run runs[BODIES_MAX])
{
    int found = runs_of(n, runs), kept = 0;
    for (int i = 0; i < found; i++)
        if (fits(runs[i].body)) runs[kept++] = runs[i];
    return kept;
}

#define THROUGH(words) .gradient = gradient_moved, .keep = KEEP_INPUTS, .formula = words
#define ROW(op, least, most, rule, costs, is_certain, how, ...)                                                       \
    {                                                                                                                 \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {1, -1}, .shape = rule, .cost = costs, \
        .kind = KIND_OTHER, .certainty = COST_BOUND, .certain = is_certain, .keeps_stated = true, .formula = how,     \
        .train = {                                                                                                    \
            __VA_ARGS__                                                                                               \
        }                                                                                                             \
    }

const struct op control_ops[] = {
    ROW("If", 1, 1, if_shape, if_cost, if_certain,
        "the branch taken; where data decide, the cheaper one: a lower bound",
        THROUGH("the branch's; where data decide, the cheaper one: a lower bound")),
    ROW("Loop", 0, -1, loop_shape, loop_cost, loop_certain,
        "trips x body; where data decide, one pass, or all trips: a bound",
        THROUGH("trips x body, + sums over the passes of what it captures; a bound where forward is")),
    ROW("Scan", 0, -1, scan_shape, scan_cost, scan_certain, "length x body",
        THROUGH("length x body, + sums over the passes of what it captures")),
    ROW("SequenceMap", 1, -1, map_shape, map_cost, NULL, "the body once: a lower bound",
        .formula = "none: what flows back through it is not followed"),
    {0},
};
