/* What follows a convolution or product by channel goes into its weights: BatchNormalization with running statistics,
   and factors, divisors and summands that are initializers. No value is read here: struct derived says what to do when
   values are loaded. */
#include "passes/edit.h"

#include <string.h>

enum { DEPTH_MAX = 8 }; /* loading recurses that deep */

/* A node whose weights can take it, and where its channels lie. */
struct target {
    struct node *node;
    int axis; /* of the weights; axis 1 of the output */
    int64_t channels;
    enum dtype dtype; /* of the weights */
};

static bool is_real(const struct tensor *t)
{
    return tensor_is_initializer(t) && !t->producer && t->has_shape && !t->is_output &&
           (t->dtype == DTYPE_F32 || t->dtype == DTYPE_F64);
}

/* The axis of the weights that is the output's axis 1; -1 where there is none, or where alpha and beta are in the way.
 */
static int channel_axis(const struct node *n)
{
    if (*n->domain || n->n_in < 2) return -1;
    if (!strcmp(n->op_type, "Conv")) return 0;
    if (!strcmp(n->op_type, "ConvTranspose")) return node_int(n, "group", 1) == 1 ? 1 : -1;
    if (strcmp(n->op_type, "Gemm") != 0 || node_float(n, "alpha", 1) != 1 || node_float(n, "beta", 1) != 1) return -1;
    return node_int(n, "transB", 0) ? 0 : 1;
}

static bool is_shallow(const struct tensor *t) { return !t->derived || t->derived->depth < DEPTH_MAX; }

/* t is made by such a node, and only `reader` reads it. Weights that several nodes share would be stored twice. */
static bool read_target(const struct edit *e, const struct tensor *t, const struct node *reader, struct target *out)
{
    struct node *n = t->producer;
    int axis = n && !e->is_dead[n->index] && edit_only_user(e, t) == reader ? channel_axis(n) : -1;
    if (axis < 0 || !t->has_shape || t->shape.rank < 2) return false;
    const struct tensor *w = n->in[1], *bias = n->n_in > 2 && n->in[2]->role != ROLE_ABSENT ? n->in[2] : NULL;
    *out = (struct target){n, axis, t->shape.dim[1], w->dtype};
    if (!is_real(w) || !is_shallow(w) || edit_uses(e, w) > 1 || w->shape.rank < 2) return false;
    if (w->shape.dim[axis] != out->channels || out->channels < 1) return false;
    return !bias || (is_real(bias) && is_shallow(bias) && bias->dtype == w->dtype && bias->shape.rank == 1 &&
                     bias->shape.dim[0] == out->channels);
}

static bool others_are_idle(const struct edit *e, const struct node *n)
{
    for (int i = 1; i < n->n_out; i++)
        if (edit_uses(e, n->out[i])) return false;
    return true;
}

static bool read_norm(const struct edit *e, const struct node *n, struct target *to, struct derived *f)
{
    if (n->n_in != 5 || node_int(n, "training_mode", 0) || !others_are_idle(e, n)) return false;
    if (!read_target(e, n->in[0], n, to)) return false;
    for (int i = 1; i < 5; i++)
        if (!is_real(n->in[i]) || n->in[i]->shape.rank != 1 || n->in[i]->shape.dim[0] != to->channels) return false;
    *f = (struct derived){.factor = n->in[1], .shift = n->in[2], .mean = n->in[3], .variance = n->in[4]};
    f->epsilon = node_float(n, "epsilon", 1e-5);
    return true;
}

/* One value, or one for each place along axis 1 of y. */
static bool is_by_channel(const struct tensor *t, const struct shape *y)
{
    if (!is_real(t) || t->shape.rank > y->rank) return false;
    for (int i = 0; i < t->shape.rank; i++) {
        int at = y->rank - t->shape.rank + i;
        if (t->shape.dim[i] != 1 && (at != 1 || t->shape.dim[i] != y->dim[1])) return false;
    }
    return true;
}

static bool read_scale(const struct edit *e, const struct node *n, int side, struct target *to, struct derived *f)
{
    const struct tensor *x = n->in[side], *by = n->in[1 - side];
    bool is_first = side == 0;
    if (!x->has_shape || !is_by_channel(by, &x->shape) || by->dtype != x->dtype) return false;
    *f = (struct derived){0};
    if (!strcmp(n->op_type, "Mul"))
        f->factor = by;
    else if (!strcmp(n->op_type, "Add"))
        f->shift = by;
    else if (!strcmp(n->op_type, "Div") && is_first)
        f->divisor = by;
    else if (!strcmp(n->op_type, "Sub") && is_first)
        f->mean = by;
    else
        return false;
    return read_target(e, x, n, to);
}

static bool read_folding(const struct edit *e, const struct node *n, struct target *to, struct derived *f)
{
    if (*n->domain) return false;
    if (!strcmp(n->op_type, "BatchNormalization")) return read_norm(e, n, to, f);
    for (int side = 0; side < 2 && n->n_in == 2; side++)
        if (read_scale(e, n, side, to, f)) return true;
    return false;
}

/* An initializer like `of`, or of zeros: by this recipe, on that axis. NULL when memory is out. */
static struct tensor *folded(struct edit *e, const struct derived *f, const struct tensor *of, const struct target *to,
                             int axis, const char *of_what)
{
    struct graph *g = e->g;
    struct derived *own = arena_alloc(g->arena, sizeof *own);
    const char *name = arena_printf(g->arena, "%s for %s", of ? of->name : "bias", of_what);
    if (!own || !name) return NULL;
    struct tensor *t =
        graph_initializer(g, name, ROLE_WEIGHT, to->dtype, of ? of->shape.rank : 1, of ? of->shape.dim : &to->channels);
    if (!t) return NULL;
    *own = *f;
    own->of = of;
    own->axis = axis;
    own->depth = 1 + (of && of->derived ? of->derived->depth : 0);
    t->derived = own;
    return t;
}

/* The target makes n's output from now on. */
static gable_status fold_into(struct edit *e, struct node *n, const struct target *to, const struct derived *f,
                              gable_error *error)
{
    struct node *node = to->node;
    struct tensor **in = arena_array(e->g->arena, 3, sizeof *in), *y = n->out[0];
    struct tensor *bias = node->n_in > 2 && node->in[2]->role != ROLE_ABSENT ? node->in[2] : NULL;
    const char *into = arena_printf(e->g->arena, "weights of %.80s (%s)", node->name, node->op_type);
    struct derived of_weight = *f;
    of_weight.mean = of_weight.shift = NULL;
    if (in) {
        in[0] = node->in[0];
        in[1] = f->factor || f->divisor ? folded(e, &of_weight, node->in[1], to, to->axis, y->name) : node->in[1];
        in[2] = bias || f->mean || f->shift ? folded(e, f, bias, to, 0, y->name) : graph_absent(e->g);
    }
    if (!in || !into || !in[1] || !in[2])
        return error_set(error, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    node->in = in;
    node->n_in = in[2]->role == ROLE_ABSENT ? 2 : 3;
    node->out[0] = y;
    y->producer = node;
    e->is_dead[n->index] = true;
    return edit_note(e, &n, 1, into, "constants by channel go into weights and bias", error);
}

gable_status pass_fold(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        struct target to;
        struct derived f;
        if (n->n_out > 0 && n->n_in > 0 && read_folding(e, n, &to, &f)) s = fold_into(e, n, &to, &f, error);
    }
    return s;
}
