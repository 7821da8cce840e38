/* What lowers a peak: small graphs whose bytes are counted by hand (f32: 4 bytes an element). */
#include "check.h"
#include "ops/peak.h"

#include <stdio.h>
#include <string.h>

struct trial {
    struct graph *g;
    struct arena *a;
    struct timeline t;
    struct peak_changes changes;
};

static struct tensor *input(struct trial *t, int64_t n)
{
    t->g = graph_new("made up", "test", 16 << 20);
    t->a = arena_new(16 << 20);
    return graph_input(t->g, "x", DTYPE_F32, 1, &n);
}

static struct tensor *node(struct trial *t, const char *op, const char *name, int n_in, struct tensor *const *in)
{
    gable_error e = {0};
    struct node *n = graph_node(t->g, op, DOMAIN_ONNX, name, NULL, n_in, in, 1);
    if (!strcmp(op, "Concat")) node_set_int(t->g, n, "axis", 0);
    assert_ok(ops_infer_node(t->g, n, &e), &e);
    return n->out[0];
}

static struct tensor *one(struct trial *t, const char *op, const char *name, struct tensor *x)
{
    return node(t, op, name, 1, &x);
}

/* n copies of x, end to end */
static struct tensor *copies(struct trial *t, const char *name, struct tensor *x, int n)
{
    struct tensor *in[16];
    for (int i = 0; i < n; i++) in[i] = x;
    return node(t, "Concat", name, n, in);
}

static void search(struct trial *t, struct tensor *out)
{
    struct storage s;
    graph_output(t->g, out);
    assert_true(storage_find(t->g, false, t->a, &s));
    assert_true(timeline_inference(t->g, &s, t->a, &t->t));
    assert_true(peak_inference(t->g, &s, &t->t, t->a, &t->changes));
}

static void end(struct trial *t)
{
    graph_free(t->g);
    arena_free(t->a);
}

static const struct peak_change *change_of(const struct trial *t, enum peak_change_kind k)
{
    for (int i = 0; i < t->changes.n; i++)
        if (t->changes.change[i].kind == k) return &t->changes.change[i];
    return NULL;
}

/* x 8; wide 32; Relu: 32 + 32 = 64; sum 4. In place: 8 + 32 = 40 at the join. */
static void test_in_place(void **state)
{
    (void)state;
    struct trial t = {0};
    struct tensor *x = input(&t, 2), *wide = copies(&t, "wide", x, 4), *r = one(&t, "Relu", "relu", wide);
    search(&t, one(&t, "ReduceSum", "sum", r));
    assert_int_equal(t.t.peak, 64);
    const struct peak_change *c = change_of(&t, PEAK_IN_PLACE);
    assert_non_null(c);
    assert_int_equal(c->peak, 40);
    assert_int_equal(c->n_nodes, 1);
    assert_string_equal(c->nodes[0]->name, "relu");
    end(&t);
}

/* Two Relus in a row, each 32 + 32: one alone leaves the other's peak, both give 40. */
static void test_in_place_set(void **state)
{
    (void)state;
    struct trial t = {0};
    struct tensor *x = input(&t, 2), *wide = copies(&t, "wide", x, 4);
    struct tensor *r = one(&t, "Relu", "second", one(&t, "Relu", "first", wide));
    search(&t, one(&t, "ReduceSum", "sum", r));
    assert_int_equal(t.t.peak, 64);
    assert_int_equal(t.changes.n, 1);
    assert_int_equal(t.changes.change[0].n_nodes, 2);
    assert_int_equal(t.changes.change[0].peak, 40);
    end(&t);
}

/* What is read later, a model input and a model output are not written over. */
static void test_not_in_place(void **state)
{
    (void)state;
    struct trial t = {0};
    struct tensor *x = input(&t, 8), *r = one(&t, "Relu", "first", x), *s = one(&t, "Relu", "second", r);
    struct tensor *both[] = {r, s};
    search(&t, node(&t, "Sum", "both", 2, both));
    assert_null(change_of(&t, PEAK_RECOMPUTE));
    for (int i = 0; i < t.changes.n; i++)
        for (int k = 0; k < t.changes.change[i].n_nodes; k++)
            assert_string_not_equal(t.changes.change[i].nodes[k]->name, "second");
    end(&t);
}

/* x 4, a 32, b 32 at once: 68. With a's sum between the two: x 4 + sum 4 + b 32 = 40. */
static void test_order(void **state)
{
    (void)state;
    struct trial t = {0};
    struct tensor *x = input(&t, 1), *a = copies(&t, "a", x, 8), *b = copies(&t, "b", x, 8);
    struct tensor *sums[2] = {one(&t, "ReduceSum", "sum a", a), one(&t, "ReduceSum", "sum b", b)};
    search(&t, node(&t, "Add", "add", 2, sums));
    assert_int_equal(t.t.peak, 68);
    const struct peak_change *c = change_of(&t, PEAK_ORDER);
    assert_non_null(c);
    assert_int_equal(c->peak, 40);
    assert_int_equal(c->n_nodes, 1);
    assert_true(!strcmp(c->nodes[0]->name, "b") || !strcmp(c->nodes[0]->name, "sum a"));
    end(&t);
}

/* Behind 7000 nodes the same order is found; writing in place would be tried 7000 times over 7000 steps, and is said
   not to have been. */
static void test_large(void **state)
{
    (void)state;
    struct trial t = {0};
    struct tensor *x = input(&t, 1);
    for (int i = 0; i < 7000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        x = one(&t, "Relu", name, x);
    }
    struct tensor *a = copies(&t, "a", x, 8), *b = copies(&t, "b", x, 8);
    struct tensor *sums[2] = {one(&t, "ReduceSum", "sum a", a), one(&t, "ReduceSum", "sum b", b)};
    search(&t, node(&t, "Add", "add", 2, sums));
    assert_true(t.changes.is_skipped[PEAK_IN_PLACE]);
    assert_false(t.changes.is_skipped[PEAK_ORDER]);
    assert_false(t.changes.is_skipped[PEAK_RECOMPUTE]);
    assert_null(change_of(&t, PEAK_IN_PLACE));
    const struct peak_change *c = change_of(&t, PEAK_ORDER);
    assert_non_null(c);
    assert_int_equal(c->peak, 40);
    end(&t);
}

/* a 32 + s 4 + b 64 = 100. Without a: x 4 + s 4 + b 64 = 72; made again at the end: x 4 + a 32 + r 4 + out 32 = 72. */
static void test_recomputation(void **state)
{
    (void)state;
    struct trial t = {0};
    struct tensor *x = input(&t, 1), *a = copies(&t, "a", x, 8), *s = one(&t, "ReduceSum", "s", a);
    struct tensor *b = copies(&t, "b", s, 16), *r = one(&t, "ReduceSum", "r", b), *last[] = {a, r};
    search(&t, node(&t, "Add", "add", 2, last));
    assert_int_equal(t.t.peak, 100);
    const struct peak_change *c = change_of(&t, PEAK_RECOMPUTE);
    assert_non_null(c);
    assert_int_equal(c->peak, 72);
    assert_string_equal(c->tensor->name, "a");
    assert_int_equal(c->flops, 0);
    end(&t);
}

static struct tensor *linear(struct trial *t, const char *name, struct tensor *x, int64_t from, int64_t to)
{
    struct tensor *in[] = {x, graph_initializer(t->g, name, ROLE_WEIGHT, DTYPE_F32, 2, (int64_t[]){from, to})};
    return node(t, "Gemm", name, 2, in);
}

/* 2 rows: x 2, h and r 8, y 1, wide 64 values each. At backward of the wide Relu: x 16 + r 64 + y 8 + 3 x 512 (output,
   its gradient, the input's) = 1624. r is not needed before the second Gemm's backward: 64 less, for the Relu's 16 and
   the first Gemm's 2 x 2 x 2 x 8 = 64 FLOPs. */
static void test_training(void **state)
{
    (void)state;
    struct trial t = {0};
    struct storage s;
    struct gradients gradients;
    t.g = graph_new("made up", "test", 1 << 20);
    t.a = arena_new(1 << 20);
    struct tensor *x = graph_input(t.g, "x", DTYPE_F32, 2, (int64_t[]){2, 2});
    struct tensor *r = one(&t, "Relu", "r", linear(&t, "h", x, 2, 8));
    struct tensor *wide = one(&t, "Relu", "wide r", linear(&t, "wide", linear(&t, "y", r, 8, 1), 1, 64));
    graph_output(t.g, linear(&t, "last", wide, 64, 1));
    assert_true(storage_find(t.g, true, t.a, &s));
    assert_true(gradients_find(t.g, t.a, &gradients));
    assert_true(timeline_training(t.g, &s, &gradients, t.a, &t.t));
    assert_int_equal(t.t.peak, 1624);
    assert_true(peak_training(t.g, &s, &gradients, &t.t, t.a, &t.changes));
    const struct peak_change *c = change_of(&t, PEAK_RECOMPUTE);
    assert_non_null(c);
    assert_string_equal(c->tensor->name, "r");
    assert_int_equal(c->peak, 1560);
    assert_int_equal(c->n_nodes, 2);
    assert_int_equal(c->flops, 80);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_place), cmocka_unit_test(test_in_place_set), cmocka_unit_test(test_not_in_place),
        cmocka_unit_test(test_order),    cmocka_unit_test(test_large),        cmocka_unit_test(test_recomputation),
        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
