/* Two graphs aligned by structure: what is added, removed and reshaped, by hand. */
#include "check.h"
#include "ops/difference.h"

#include <string.h>

/* Convolutions of 3x3 with that many filters each, one after another, "r" a Relu; from 3 channels of 8x8. */
static struct analysis *chain(const char *word, struct graph **g)
{
    static const int64_t x[] = {1, 3, 8, 8};
    struct analysis *a = NULL;
    gable_error e = {0};
    *g = graph_new(word, "test", 1 << 20);
    struct tensor *t = graph_input(*g, "x", DTYPE_F32, 4, x);
    for (int i = 0; word[i]; i++) {
        struct tensor *in[2] = {t, NULL};
        bool is_conv = word[i] != 'r';
        const int64_t w[] = {word[i] - '0', t->shape.dim[1], 3, 3};
        if (is_conv) in[1] = graph_initializer(*g, "w", ROLE_WEIGHT, DTYPE_F32, 4, w);
        struct node *n =
            graph_node(*g, is_conv ? "Conv" : "Relu", "", is_conv ? "conv" : "relu", NULL, 1 + is_conv, in, 1);
        if (is_conv) node_set_ints(*g, n, "pads", 4, (const int64_t[]){1, 1, 1, 1});
        assert_ok(ops_infer_node(*g, n, &e), &e);
        t = n->out[0];
    }
    graph_output(*g, t);
    assert_ok(analysis_new(*g, NULL, &a, &e), &e);
    return a;
}

static void changes_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int same, reshaped, added, removed;
    } rows[] = {
        {"4r4r", "4r4r", 4, 0, 0, 0}, {"4r4r", "4r4r4r", 4, 0, 2, 0}, {"4r4r", "4r", 2, 0, 0, 2},
        {"4r4r", "4r5r", 2, 2, 0, 0}, {"4r5r4", "4r6r4", 2, 3, 0, 0}, {"4r", "rr", 0, 1, 1, 1},
        {"44", "4r4", 2, 0, 1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct graph *ga, *gb;
        struct difference d;
        gable_error e = {0};
        struct analysis *a = chain(rows[i].a, &ga), *b = chain(rows[i].b, &gb);
        assert_ok(difference_find(a, b, &d, &e), &e);
        int n[] = {d.n_of[CHANGE_SAME], d.n_of[CHANGE_RESHAPED], d.n_of[CHANGE_ADDED], d.n_of[CHANGE_REMOVED]};
        if (n[0] != rows[i].same || n[1] != rows[i].reshaped || n[2] != rows[i].added || n[3] != rows[i].removed)
            fail_msg("%s, %s: %d same, %d reshaped, %d added, %d removed", rows[i].a, rows[i].b, n[0], n[1], n[2],
                     n[3]);
        /* every node of both once, and the sum of the changes is the change of the sum */
        assert_int_equal(2 * (n[0] + n[1]) + n[2] + n[3], ga->n_nodes + gb->n_nodes);
        count macs = 0;
        for (int k = 0; k < d.n; k++)
            macs += (d.change[k].b ? d.change[k].b->cost.macs : 0) - (d.change[k].a ? d.change[k].a->cost.macs : 0);
        assert_int_equal(macs, b->total.macs - a->total.macs);
        difference_release(&d);
        analysis_free(a);
        analysis_free(b);
        graph_free(ga);
        graph_free(gb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(changes_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
