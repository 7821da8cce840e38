/* The way from what Softmax reads up to the product of q and k, over whatever exporters write between: factors,
   masks that are added or chosen by, other shapes of the same rows, wider types. */
#include "passes/attention.h"

#include <string.h>

static void add_front(struct attention *a, struct node *n)
{
    memmove(a->nodes + 1, a->nodes, (size_t)a->n * sizeof *a->nodes);
    a->nodes[0] = n;
    a->n++;
}

static bool same_shape(const struct tensor *a, const struct tensor *b)
{
    return a->has_shape && b->has_shape && shape_equal(&a->shape, &b->shape);
}

/* Each reads what a node does to the scores in its input `side` and says which tensor that is; NULL where it is not
   understood. What is met first on the way up is done last. */
typedef struct tensor *reader(struct node *n, int side, struct attention *a);

static struct tensor *past_product(struct node *n, int side, struct attention *a)
{
    double by;
    if (!edit_scalar(n->in[1 - side], &by) || !same_shape(n->in[side], n->out[0])) return NULL;
    a->scale *= by;
    a->is_scaled = true;
    return n->in[side];
}

static struct tensor *past_quotient(struct node *n, int side, struct attention *a)
{
    double by;
    if (side || !edit_scalar(n->in[1], &by) || by == 0 || !same_shape(n->in[0], n->out[0])) return NULL;
    a->scale /= by;
    a->is_scaled = true;
    return n->in[0];
}

static struct tensor *past_sum(struct node *n, int side, struct attention *a)
{
    if (a->is_scaled || a->n_summands == ATTENTION_SUMMANDS || !same_shape(n->in[side], n->out[0])) return NULL;
    a->summand[a->n_summands++] = (struct beside){n->in[1 - side], n};
    return n->in[side];
}

/* Where(condition, scores, number), or the other way round. */
static struct tensor *past_choice(struct node *n, int side, struct attention *a)
{
    struct tensor *scores = n->in[1 + side];
    if (a->is_scaled || a->condition.t || !edit_scalar(n->in[2 - side], &a->otherwise)) return NULL;
    if (!same_shape(scores, n->out[0]) || n->in[0]->dtype != DTYPE_BOOL) return NULL;
    a->condition = (struct beside){n->in[0], n};
    a->is_kept = side == 0;
    a->added_later = a->n_summands;
    return scores;
}

/* Scores stay in their rows. */
static struct tensor *past_reshape(struct node *n, int side, struct attention *a)
{
    const struct shape *x = &n->in[0]->shape, *y = &n->out[0]->shape;
    (void)a;
    if (side || !n->in[0]->has_shape || !n->out[0]->has_shape || x->rank < 2 || y->rank < 2) return NULL;
    bool keeps_rows = x->dim[x->rank - 1] == y->dim[y->rank - 1] && x->dim[x->rank - 2] == y->dim[y->rank - 2];
    return keeps_rows ? n->in[0] : NULL;
}

/* The operator computes in f32 whatever it is given. */
static struct tensor *past_cast(struct node *n, int side, struct attention *a)
{
    enum dtype from = n->in[0]->dtype;
    (void)a;
    bool widens = n->out[0]->dtype == DTYPE_F32 && (from == DTYPE_F16 || from == DTYPE_BF16);
    return !side && widens ? n->in[0] : NULL;
}

static const struct {
    const char *op;
    reader *read;
} steps[] = {
    {"Mul", past_product},  {"Div", past_quotient},    {"Add", past_sum},
    {"Where", past_choice}, {"Reshape", past_reshape}, {"Cast", past_cast},
};

/* q or k times a number, for nobody else: exporters divide the scale between both, or give it to q alone. */
static struct tensor *past_scale(const struct edit *e, struct tensor *t, const struct node *user, struct attention *a)
{
    struct node *n = t->producer;
    struct tensor *x = NULL;
    if (a->n == ATTENTION_NODES || !n || edit_only_user(e, t) != user) return t;
    if (edit_made_by(e, t, "Div")) x = past_quotient(n, 0, a);
    for (int side = 0; side < 2 && !x && edit_made_by(e, t, "Mul"); side++) x = past_product(n, side, a);
    if (x) add_front(a, n);
    return x ? x : t;
}

static bool read_product(const struct edit *e, struct node *n, struct attention *a)
{
    if (a->n == ATTENTION_NODES || !n->out[0]->has_shape) return false;
    add_front(a, n);
    a->scores = &n->out[0]->shape;
    a->k = past_scale(e, n->in[1], n, a);
    a->q = past_scale(e, n->in[0], n, a);
    return true;
}

bool attention_read_scores(const struct edit *e, struct tensor *t, struct attention *a)
{
    const struct attention before = *a;
    struct node *n = t->producer;
    if (!n || a->n == ATTENTION_NODES || edit_only_user(e, t) == NULL) return false;
    if (edit_made_by(e, t, "MatMul")) return read_product(e, n, a);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (!edit_made_by(e, t, steps[i].op)) continue;
        for (int side = 0; side < 2; side++) {
            *a = before;
            add_front(a, n);
            struct tensor *up = steps[i].read(n, side, a);
            if (up && attention_read_scores(e, up, a)) return true;
        }
    }
    return false;
}
