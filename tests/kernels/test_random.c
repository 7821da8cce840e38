/* Shapes, attributes and broadcasts drawn by a seeded stream, against the plainest loops over indices. */
#include "check.h"
#include "trial.h"

#include <math.h>
#include <string.h>

/* Two operands that broadcast to one shape, either of them with fewer dimensions. */
static void draw_pair(struct trial *t)
{
    static const char *const ops[] = {"Add", "Sub", "Mul", "Max", "Min"};
    t->op = ops[trial_below(t, 5)];
    t->rank = 1 + (int)trial_below(t, RANK_MAX);
    trial_dims(t, t->rank, 1, t->dim);
    int shorter = (int)trial_below(t, 2);
    for (int k = 0; k < 2; k++) {
        int first = k == shorter ? (int)trial_below(t, t->rank) : 0;
        int64_t dim[RANK_MAX];
        for (int i = first; i < t->rank; i++) dim[i - first] = k == shorter && trial_below(t, 3) == 0 ? 1 : t->dim[i];
        trial_input(t, t->rank - first, dim);
    }
    trial_node(t);
}
static double expect_pair(const struct trial *t, const int64_t *at)
{
    double a = trial_element(&t->in[0], t->rank, at), b = trial_element(&t->in[1], t->rank, at);
    switch (t->op[1]) {
    case 'd': return a + b;
    case 'u': return t->op[0] == 'S' ? a - b : a * b;
    case 'a': return a > b ? a : b;
    default: return a < b ? a : b;
    }
}

static void draw_transpose(struct trial *t)
{
    t->op = "Transpose";
    t->rank = 1 + (int)trial_below(t, RANK_MAX);
    int64_t dim[RANK_MAX];
    trial_dims(t, t->rank, 1, dim);
    for (int i = 0; i < t->rank; i++) t->perm[i] = i;
    for (int i = t->rank - 1; i > 0; i--) {
        int64_t k = trial_below(t, i + 1), kept = t->perm[i];
        t->perm[i] = t->perm[k];
        t->perm[k] = kept;
    }
    for (int i = 0; i < t->rank; i++) t->dim[i] = dim[t->perm[i]];
    trial_input(t, t->rank, dim);
    trial_node(t);
    node_set_ints(t->graph, t->node, "perm", t->rank, t->perm);
}
static double expect_transpose(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    for (int i = 0; i < t->rank; i++) from[t->perm[i]] = at[i];
    return trial_element(&t->in[0], t->rank, from);
}

/* Steps forwards and backwards along every axis. */
static void draw_slice(struct trial *t)
{
    int64_t dim[RANK_MAX], end[RANK_MAX], axes[RANK_MAX];
    t->op = "Slice";
    t->rank = 1 + (int)trial_below(t, RANK_MAX);
    trial_dims(t, t->rank, 1, dim);
    for (int i = 0; i < t->rank; i++) {
        int64_t size = 1 + trial_below(t, 3);
        axes[i] = i;
        t->start[i] = trial_below(t, dim[i]);
        t->step[i] = trial_below(t, 2) ? size : -size;
        int64_t room = t->step[i] > 0 ? dim[i] - 1 - t->start[i] : t->start[i];
        t->dim[i] = 1 + trial_below(t, room / size + 1);
        end[i] = t->start[i] + t->step[i] * (t->dim[i] - 1) + (t->step[i] > 0 ? 1 : -1);
        if (end[i] < 0) end[i] = -dim[i] - 1; /* before the first */
    }
    trial_input(t, t->rank, dim);
    trial_node(t);
    trial_constant(t, t->rank, t->start);
    trial_constant(t, t->rank, end);
    trial_constant(t, t->rank, axes);
    trial_constant(t, t->rank, t->step);
}
static double expect_slice(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    for (int i = 0; i < t->rank; i++) from[i] = t->start[i] + at[i] * t->step[i];
    return trial_element(&t->in[0], t->rank, from);
}

static void draw_reduction(struct trial *t)
{
    static const char *const ops[] = {"ReduceMax", "ReduceMin", "ReduceMean", "ReduceSumSquare"};
    int64_t dim[RANK_MAX], axes[RANK_MAX];
    int rank = 1 + (int)trial_below(t, RANK_MAX), n_axes = 0;
    t->op = ops[trial_below(t, 4)];
    t->keeps = trial_below(t, 2);
    trial_dims(t, rank, 1, dim);
    for (int i = 0; i < rank; i++) {
        t->is_reduced[i] = trial_below(t, 2) || (i == rank - 1 && !n_axes);
        if (t->is_reduced[i]) axes[n_axes++] = trial_below(t, 2) ? i : i - rank;
        if (!t->is_reduced[i] || t->keeps) t->dim[t->rank++] = t->is_reduced[i] ? 1 : dim[i];
    }
    trial_input(t, rank, dim);
    trial_node(t);
    node_set_ints(t->graph, t->node, "axes", n_axes, axes);
    node_set_int(t->graph, t->node, "keepdims", t->keeps);
}
static double expect_reduction(const struct trial *t, const int64_t *at)
{
    const struct value *x = &t->in[0];
    int64_t from[RANK_MAX], n = 0;
    double sum = 0, squares = 0, most = -INFINITY, least = INFINITY;
    for (int64_t i = 0; i < x->n; i++) {
        bool is_part = true;
        int64_t rest = i;
        for (int k = x->rank - 1; k >= 0; rest /= x->dim[k--]) from[k] = rest % x->dim[k];
        for (int k = 0, place = 0; k < x->rank; k++) {
            is_part = is_part && (t->is_reduced[k] || from[k] == at[place]);
            place += !t->is_reduced[k] || t->keeps;
        }
        if (!is_part) continue;
        double v = (double)((const float *)x->data)[i];
        n++;
        sum += v;
        squares += v * v;
        most = v > most ? v : most;
        least = v < least ? v : least;
    }
    if (!strcmp(t->op, "ReduceMean")) return sum / (double)n;
    if (!strcmp(t->op, "ReduceSumSquare")) return squares;
    return !strcmp(t->op, "ReduceMax") ? most : least;
}

/* Stacks that broadcast against each other. */
static void draw_matmul(struct trial *t)
{
    int64_t inner = 1 + trial_below(t, 40), dim[2][RANK_MAX];
    int stack = (int)trial_below(t, RANK_MAX - 1), one = (int)trial_below(t, 2),
        first = stack ? (int)trial_below(t, stack) : 0;
    t->op = "MatMul";
    t->rank = stack + 2;
    trial_dims(t, stack, 1, t->dim);
    t->dim[stack] = 1 + trial_below(t, 20);
    t->dim[stack + 1] = 1 + trial_below(t, 40);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < stack; i++) dim[k][i] = k == one && trial_below(t, 3) == 0 ? 1 : t->dim[i];
        dim[k][stack] = k ? inner : t->dim[stack];
        dim[k][stack + 1] = k ? t->dim[stack + 1] : inner;
        int from = k == one ? first : 0;
        trial_input(t, t->rank - from, dim[k] + from);
    }
    trial_node(t);
}
static double expect_matmul(const struct trial *t, const int64_t *at)
{
    int64_t a[RANK_MAX + 2], b[RANK_MAX + 2], inner = t->in[0].dim[t->in[0].rank - 1];
    double sum = 0;
    memcpy(a, at, (size_t)t->rank * sizeof *a);
    memcpy(b, at, (size_t)t->rank * sizeof *b);
    for (int64_t k = 0; k < inner; k++) {
        a[t->rank - 1] = b[t->rank - 2] = k;
        sum += trial_element(&t->in[0], t->rank, a) * trial_element(&t->in[1], t->rank, b);
    }
    return sum;
}

static void draw_softmax(struct trial *t)
{
    t->op = "Softmax";
    t->rank = 1 + (int)trial_below(t, RANK_MAX);
    trial_dims(t, t->rank, 1, t->dim);
    t->axis = (int)trial_below(t, t->rank);
    trial_input(t, t->rank, t->dim);
    trial_node(t);
    node_set_int(t->graph, t->node, "axis", trial_below(t, 2) ? t->axis : t->axis - t->rank);
}
static double expect_softmax(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    double sum = 0;
    memcpy(from, at, (size_t)t->rank * sizeof *from);
    for (from[t->axis] = 0; from[t->axis] < t->dim[t->axis]; from[t->axis]++)
        sum += exp(trial_element(&t->in[0], t->rank, from));
    return exp(trial_element(&t->in[0], t->rank, at)) / sum;
}

FAMILY(pair)
FAMILY(transpose)
FAMILY(slice)
FAMILY(reduction)
FAMILY(matmul)
FAMILY(softmax)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair_of_any_shape),   cmocka_unit_test(transpose_of_any_shape),
        cmocka_unit_test(slice_of_any_shape),  cmocka_unit_test(reduction_of_any_shape),
        cmocka_unit_test(matmul_of_any_shape), cmocka_unit_test(softmax_of_any_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
