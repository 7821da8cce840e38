/* Shapes, attributes and broadcasts drawn by a seeded stream, against the plainest loops over indices. */
#include "check.h"
#include "engine/general/general.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRIALS = 150, RANK_MAX = 5 };

/* One node with what goes in, and what must come out: of element i, at these places. */
struct trial {
    uint64_t stream;
    struct pool *pool;
    struct graph *graph;
    struct node *node;
    const char *op;
    int n_in;
    struct value in[3];
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    int64_t perm[RANK_MAX], start[RANK_MAX], step[RANK_MAX]; /* of the families below */
    bool is_reduced[RANK_MAX], keeps;
    int axis;
};
typedef void draw_node(struct trial *t);
typedef double expect(const struct trial *t, const int64_t *at);

static int64_t below(struct trial *t, int64_t n) /* 0 to n - 1, by splitmix64 */
{
    uint64_t x = t->stream += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((x ^ (x >> 31)) % (uint64_t)n);
}

/* An input of quarters from -8 to 8, never 0: sums and products of a few are exact. */
static struct value *add_input(struct trial *t, int rank, const int64_t *dim)
{
    gable_error e = {0};
    struct value *v = &t->in[t->n_in++];
    assert_ok(value_new(t->pool, DTYPE_F32, rank, dim, v, &e), &e);
    for (int64_t i = 0; i < v->n; i++) {
        int64_t quarters = below(t, 64) - 32;
        ((float *)v->data)[i] = 0.25F * (float)(quarters < 0 ? quarters : quarters + 1);
    }
    return v;
}
static void draw_dims(struct trial *t, int rank, int64_t least, int64_t *dim)
{
    for (int i = 0; i < rank; i++) dim[i] = least + below(t, 7);
}
/* The element of a value at these places; a dimension of 1 is broadcast, and so are those that it lacks in front. */
static double element(const struct value *v, int rank, const int64_t *at)
{
    int64_t i = 0;
    for (int k = 0; k < v->rank; k++) i = i * v->dim[k] + (v->dim[k] == 1 ? 0 : at[rank - v->rank + k]);
    return (double)((const float *)v->data)[i];
}

static void make_node(struct trial *t)
{
    static const char *const names[] = {"a", "b", "c"};
    struct tensor *in[3];
    for (int i = 0; i < t->n_in; i++) in[i] = graph_input(t->graph, names[i], DTYPE_F32, t->in[i].rank, t->in[i].dim);
    t->node = graph_node(t->graph, t->op, "", "n", NULL, t->n_in, in, 1);
}
static void add_constant(struct trial *t, int n, const int64_t *values)
{
    char name[16];
    struct node *node = t->node;
    struct tensor **in = arena_array(t->graph->arena, (size_t)node->n_in + 1, sizeof(struct tensor *));
    snprintf(name, sizeof name, "c%d", node->n_in);
    memcpy(in, node->in, (size_t)node->n_in * sizeof *in);
    in[node->n_in++] = graph_constant_ints(t->graph, name, n, values);
    node->in = in;
}

/* Two operands that broadcast to one shape, either of them with fewer dimensions. */
static void draw_pair(struct trial *t)
{
    static const char *const ops[] = {"Add", "Sub", "Mul", "Max", "Min"};
    t->op = ops[below(t, 5)];
    t->rank = 1 + (int)below(t, RANK_MAX);
    draw_dims(t, t->rank, 1, t->dim);
    int shorter = (int)below(t, 2);
    for (int k = 0; k < 2; k++) {
        int first = k == shorter ? (int)below(t, t->rank) : 0;
        int64_t dim[RANK_MAX];
        for (int i = first; i < t->rank; i++) dim[i - first] = k == shorter && below(t, 3) == 0 ? 1 : t->dim[i];
        add_input(t, t->rank - first, dim);
    }
    make_node(t);
}
static double expect_pair(const struct trial *t, const int64_t *at)
{
    double a = element(&t->in[0], t->rank, at), b = element(&t->in[1], t->rank, at);
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
    t->rank = 1 + (int)below(t, RANK_MAX);
    int64_t dim[RANK_MAX];
    draw_dims(t, t->rank, 1, dim);
    for (int i = 0; i < t->rank; i++) t->perm[i] = i;
    for (int i = t->rank - 1; i > 0; i--) {
        int64_t k = below(t, i + 1), kept = t->perm[i];
        t->perm[i] = t->perm[k];
        t->perm[k] = kept;
    }
    for (int i = 0; i < t->rank; i++) t->dim[i] = dim[t->perm[i]];
    add_input(t, t->rank, dim);
    make_node(t);
    node_set_ints(t->graph, t->node, "perm", t->rank, t->perm);
}
static double expect_transpose(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    for (int i = 0; i < t->rank; i++) from[t->perm[i]] = at[i];
    return element(&t->in[0], t->rank, from);
}

/* Steps forwards and backwards along every axis. */
static void draw_slice(struct trial *t)
{
    int64_t dim[RANK_MAX], end[RANK_MAX], axes[RANK_MAX];
    t->op = "Slice";
    t->rank = 1 + (int)below(t, RANK_MAX);
    draw_dims(t, t->rank, 1, dim);
    for (int i = 0; i < t->rank; i++) {
        int64_t size = 1 + below(t, 3);
        axes[i] = i;
        t->start[i] = below(t, dim[i]);
        t->step[i] = below(t, 2) ? size : -size;
        int64_t room = t->step[i] > 0 ? dim[i] - 1 - t->start[i] : t->start[i];
        t->dim[i] = 1 + below(t, room / size + 1);
        end[i] = t->start[i] + t->step[i] * (t->dim[i] - 1) + (t->step[i] > 0 ? 1 : -1);
        if (end[i] < 0) end[i] = -dim[i] - 1; /* before the first */
    }
    add_input(t, t->rank, dim);
    make_node(t);
    add_constant(t, t->rank, t->start);
    add_constant(t, t->rank, end);
    add_constant(t, t->rank, axes);
    add_constant(t, t->rank, t->step);
}
static double expect_slice(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    for (int i = 0; i < t->rank; i++) from[i] = t->start[i] + at[i] * t->step[i];
    return element(&t->in[0], t->rank, from);
}

static void draw_reduction(struct trial *t)
{
    static const char *const ops[] = {"ReduceMax", "ReduceMin", "ReduceMean", "ReduceSumSquare"};
    int64_t dim[RANK_MAX], axes[RANK_MAX];
    int rank = 1 + (int)below(t, RANK_MAX), n_axes = 0;
    t->op = ops[below(t, 4)];
    t->keeps = below(t, 2);
    draw_dims(t, rank, 1, dim);
    for (int i = 0; i < rank; i++) {
        t->is_reduced[i] = below(t, 2) || (i == rank - 1 && !n_axes);
        if (t->is_reduced[i]) axes[n_axes++] = below(t, 2) ? i : i - rank;
        if (!t->is_reduced[i] || t->keeps) t->dim[t->rank++] = t->is_reduced[i] ? 1 : dim[i];
    }
    add_input(t, rank, dim);
    make_node(t);
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
    int64_t inner = 1 + below(t, 40), dim[2][RANK_MAX];
    int stack = (int)below(t, RANK_MAX - 1), one = (int)below(t, 2), first = stack ? (int)below(t, stack) : 0;
    t->op = "MatMul";
    t->rank = stack + 2;
    draw_dims(t, stack, 1, t->dim);
    t->dim[stack] = 1 + below(t, 20);
    t->dim[stack + 1] = 1 + below(t, 40);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < stack; i++) dim[k][i] = k == one && below(t, 3) == 0 ? 1 : t->dim[i];
        dim[k][stack] = k ? inner : t->dim[stack];
        dim[k][stack + 1] = k ? t->dim[stack + 1] : inner;
        int from = k == one ? first : 0;
        add_input(t, t->rank - from, dim[k] + from);
    }
    make_node(t);
}
static double expect_matmul(const struct trial *t, const int64_t *at)
{
    int64_t a[RANK_MAX + 2], b[RANK_MAX + 2], inner = t->in[0].dim[t->in[0].rank - 1];
    double sum = 0;
    memcpy(a, at, (size_t)t->rank * sizeof *a);
    memcpy(b, at, (size_t)t->rank * sizeof *b);
    for (int64_t k = 0; k < inner; k++) {
        a[t->rank - 1] = b[t->rank - 2] = k;
        sum += element(&t->in[0], t->rank, a) * element(&t->in[1], t->rank, b);
    }
    return sum;
}

static void draw_softmax(struct trial *t)
{
    t->op = "Softmax";
    t->rank = 1 + (int)below(t, RANK_MAX);
    draw_dims(t, t->rank, 1, t->dim);
    t->axis = (int)below(t, t->rank);
    add_input(t, t->rank, t->dim);
    make_node(t);
    node_set_int(t->graph, t->node, "axis", below(t, 2) ? t->axis : t->axis - t->rank);
}
static double expect_softmax(const struct trial *t, const int64_t *at)
{
    int64_t from[RANK_MAX];
    double sum = 0;
    memcpy(from, at, (size_t)t->rank * sizeof *from);
    for (from[t->axis] = 0; from[t->axis] < t->dim[t->axis]; from[t->axis]++)
        sum += exp(element(&t->in[0], t->rank, from));
    return exp(element(&t->in[0], t->rank, at)) / sum;
}

static void compare(const struct trial *t, expect *of, const struct value *got, int number)
{
    int64_t at[SHAPE_RANK_MAX];
    bool fits = got->kind == VALUE_TENSOR && got->rank == t->rank;
    for (int i = 0; i < t->rank && fits; i++) fits = got->dim[i] == t->dim[i];
    if (!fits) fail_msg("%s, trial %d: another shape", t->op, number);
    for (int64_t i = 0; i < got->n; i++) {
        int64_t rest = i;
        for (int k = t->rank - 1; k >= 0; rest /= t->dim[k--]) at[k] = rest % t->dim[k];
        double want = of(t, at), is = value_real(got, i);
        if (!(fabs(is - want) <= 1e-5 * (1 + fabs(want))))
            fail_msg("%s, trial %d: element %" PRId64 " is %.9g, not %.9g", t->op, number, i, is, want);
    }
}

static void run_trial(draw_node *draw, expect *of, int number)
{
    struct trial t = {.stream = (uint64_t)number * 1000003, .pool = pool_new(1 << 24)};
    struct general *s = NULL;
    struct cpus cpus;
    gable_error e = {0};
    t.graph = graph_new("g", "test", 1 << 20);
    t.graph->opset = 17;
    draw(&t);
    graph_output(t.graph, t.node->out[0]);
    cpus_read("", &cpus);
    assert_ok(general_open(t.graph, NULL, &cpus, &(struct general_options){.threads = 1 + number % 2}, &s, &e), &e);
    for (int i = 0; i < t.n_in; i++) assert_ok(general_set_input(s, i, &t.in[i], &e), &e);
    assert_ok(general_run(s, &e), &e);
    compare(&t, of, general_output(s, 0), number);
    general_close(s);
    for (int i = 0; i < t.n_in; i++) value_release(&t.in[i]);
    pool_free(t.pool);
    graph_free(t.graph);
}

#define FAMILY(name)                                                               \
    static void name##_of_any_shape(void **state)                                  \
    {                                                                              \
        (void)state;                                                               \
        for (int i = 0; i < TRIALS; i++) run_trial(draw_##name, expect_##name, i); \
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
