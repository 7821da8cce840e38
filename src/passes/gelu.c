/* x/2 (1 + erf(x / sqrt 2)), or tanh of a cubic in erf's place, however exporters order it: what stands before and
   behind the function is multiplied out as a polynomial in x, and that is compared. */
#include "passes/edit.h"

#include <math.h>

enum { DEGREE = 3, DEPTH = 7, NODES = 16, UPWARDS = 4, EFFORT = 512 };
/* plain(x) + times(x) f, where f is what the function gives. */
struct form {
    double plain[DEGREE + 1], times[DEGREE + 1];
};
struct reading {
    const struct edit *e;
    struct tensor *x;
    const struct tensor *f;    /* NULL while its argument is read */
    struct node *nodes[NODES]; /* that the reading went through */
    int n;
    int *left;               /* tensors that may still be looked at: what is no Gelu must not take long */
    bool has_flat_constants; /* of no dimension, so that they cannot add one */
};

static bool note(struct reading *r, struct node *n)
{
    for (int i = 0; i < r->n; i++)
        if (r->nodes[i] == n) return true;
    if (r->n == NODES) return false;
    r->nodes[r->n++] = n;
    return true;
}

/* sum += a b; false where the degree grows too high. */
static bool add_product(const double *a, const double *b, double *sum)
{
    for (int i = 0; i <= DEGREE; i++)
        for (int j = 0; j <= DEGREE; j++) {
            if (a[i] == 0 || b[j] == 0) continue;
            if (i + j > DEGREE) return false;
            sum[i + j] += a[i] * b[j];
        }
    return true;
}

static bool multiply(const struct form *a, const struct form *b, struct form *out)
{
    double square[DEGREE + 1] = {0};
    struct form y = {0};
    bool is_right = add_product(a->plain, b->plain, y.plain) && add_product(a->plain, b->times, y.times) &&
                    add_product(a->times, b->plain, y.times) && add_product(a->times, b->times, square);
    for (int i = 0; i <= DEGREE; i++) is_right = is_right && square[i] == 0;
    *out = y;
    return is_right;
}

static struct form added(const struct form *a, double by, const struct form *b)
{
    struct form y = *a;
    for (int i = 0; i <= DEGREE; i++) {
        y.plain[i] += by * b->plain[i];
        y.times[i] += by * b->times[i];
    }
    return y;
}

static bool raise_to(const struct form *a, double power, struct form *out)
{
    *out = *a;
    if (power != 2 && power != 3) return false;
    return multiply(a, a, out) && (power == 2 || multiply(out, a, out));
}

static bool is_polynomial(const struct edit *e, const struct tensor *t)
{
    static const char *const ops[] = {"Mul", "Add", "Sub", "Div", "Pow"};
    for (size_t i = 0; i < COUNT_OF(ops); i++)
        if (edit_made_by(e, t, ops[i])) return true;
    return false;
}

static bool read_form(struct reading *r, const struct tensor *t, int depth, struct form *out);

static bool read_node(struct reading *r, struct node *n, int depth, struct form *out)
{
    struct form a, b;
    double by = 0;
    if (n->n_in != 2 || !note(r, n) || !read_form(r, n->in[0], depth, &a)) return false;
    if (edit_made_by(r->e, n->out[0], "Pow")) return edit_scalar(n->in[1], &by) && raise_to(&a, by, out);
    if (!read_form(r, n->in[1], depth, &b)) return false;
    if (edit_made_by(r->e, n->out[0], "Mul")) return multiply(&a, &b, out);
    if (edit_made_by(r->e, n->out[0], "Div")) {
        if (!edit_scalar(n->in[1], &by) || by == 0) return false;
        b = (struct form){.plain = {1 / by}};
        return multiply(&a, &b, out);
    }
    bool adds = edit_made_by(r->e, n->out[0], "Add") != NULL;
    *out = added(&a, adds ? 1 : -1, &b);
    return adds || edit_made_by(r->e, n->out[0], "Sub");
}

static bool read_form(struct reading *r, const struct tensor *t, int depth, struct form *out)
{
    double value;
    *out = (struct form){.plain = {0}};
    if (--*r->left < 0) return false;
    if (t == r->x)
        out->plain[1] = 1;
    else if (t == r->f)
        out->times[0] = 1;
    else if (edit_scalar(t, &value)) {
        out->plain[0] = value;
        r->has_flat_constants = r->has_flat_constants && t->shape.rank == 0;
    } else
        return depth > 0 && is_polynomial(r->e, t) && read_node(r, t->producer, depth - 1, out);
    return true;
}

/* Exporters round. */
static bool are_close(const double *a, const double *b)
{
    for (int i = 0; i <= DEGREE; i++)
        if (fabs(a[i] - b[i]) > 1e-3 * fabs(b[i])) return false;
    return true;
}

static bool is_argument(const struct form *f, bool by_tanh)
{
    static const double none[DEGREE + 1],
        of_erf[DEGREE + 1] = {0, M_SQRT1_2, 0, 0}, of_tanh[DEGREE + 1] = {0, 0.7978845608, 0, 0.7978845608 * 0.044715};
    return are_close(f->times, none) && are_close(f->plain, by_tanh ? of_tanh : of_erf);
}

static bool is_gelu(const struct form *f)
{
    static const double half[DEGREE + 1] = {0, 0.5, 0, 0};
    return are_close(f->plain, half) && are_close(f->times, half);
}

/* The last one is what all others lead to. */
static void sort(struct node **nodes, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && nodes[k]->index < nodes[k - 1]->index; k--) {
            struct node *behind = nodes[k];
            nodes[k] = nodes[k - 1];
            nodes[k - 1] = behind;
        }
}

static bool keeps_shape(const struct reading *r, const struct tensor *y)
{
    if (!r->x->has_shape || !y->has_shape) return r->has_flat_constants;
    return shape_equal(&r->x->shape, &y->shape);
}

/* From the function's node on: does it, as some node after it, give gelu(x)? */
static bool read_gelu(struct reading *r, struct node *function)
{
    struct form form;
    r->f = NULL;
    r->n = 0;
    r->has_flat_constants = true;
    bool by_tanh = edit_made_by(r->e, function->out[0], "Tanh");
    if (!note(r, function) || !read_form(r, function->in[0], DEPTH, &form) || !is_argument(&form, by_tanh))
        return false;
    const struct reading before = *r;
    struct node *n = function;
    for (int i = 0; i < UPWARDS && (n = edit_only_user(r->e, n->out[0])); i++) {
        *r = before;
        r->f = function->out[0];
        if (n->n_out != 1 || !read_form(r, n->out[0], DEPTH, &form)) return false;
        sort(r->nodes, r->n);
        if (is_gelu(&form) && keeps_shape(r, n->out[0]) && edit_is_closed(r->e, r->nodes, r->n)) return true;
    }
    return false;
}

/* Anything that the function's argument is made of may be x. */
static bool find(struct reading *r, struct node *function, struct tensor *x, int depth)
{
    double ignored;
    if (*r->left < 0 || edit_scalar(x, &ignored)) return false;
    r->x = x;
    if (read_gelu(r, function)) return true;
    if (depth == 0 || !is_polynomial(r->e, x)) return false;
    const struct node *n = x->producer;
    for (int i = 0; i < n->n_in; i++)
        if ((i == 0 || n->in[i] != n->in[0]) && find(r, function, n->in[i], depth - 1)) return true;
    return false;
}

gable_status pass_gelu(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        int left = EFFORT;
        struct reading r = {.e = e, .left = &left};
        bool by_tanh = n->n_out == 1 && edit_made_by(e, n->out[0], "Tanh");
        if (!by_tanh && (n->n_out != 1 || !edit_made_by(e, n->out[0], "Erf"))) continue;
        if (!find(&r, n, n->in[0], DEPTH)) continue;
        s = edit_fuse(e, r.nodes, r.n, "Gelu", 1, &r.x, "they are Gelu's definition", error);
        if (by_tanh) node_set_string(e->g, r.nodes[r.n - 1], "approximate", "tanh");
    }
    return s;
}
