/* Counts under other tools' conventions equal what those tools print. */
#include "check.h"
#include "ops/convention.h"
#include "reference.h"
#include "zoo/zoo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct graph *built(const char *id, int batch)
{
    gable_error e = {0};
    struct graph *g = NULL;
    assert_ok(zoo_build(id, &(struct zoo_options){.batch = batch}, &g, &e), &e);
    return g;
}

/* Of one tool for one model: millions, rounded; "fails"; nothing where it is not known. */
static bool tool_is_met(const struct graph *g, const char *tool, const char *printed)
{
    const struct convention *c = convention_find(tool);
    struct convention_total total;
    assert_non_null(c);
    if (!*printed) return false;
    convention_count(c, g, &total);
    assert_int_equal(total.n_lacking, 0);
    if ((total.crash != NULL) != !strcmp(printed, "fails")) fail_msg("%s of %s should be %s", tool, g->name, printed);
    if (!total.crash && fabs((double)total.value / 1e6 - strtod(printed, NULL)) > 0.00051)
        fail_msg("%s counts %s M for %s, not %.6f", tool, printed, g->name, (double)total.value / 1e6);
    return true;
}

static void tools_totals_are_met(void **state)
{
    (void)state;
    struct reference r;
    int compared = 0;
    reference_open(&r, "conventions.csv");
    while (reference_next(&r)) {
        struct graph *g = built(reference_text(&r, "model"), 1);
        for (int i = 1; i < r.n; i++) compared += tool_is_met(g, r.names[i], r.fields[i]);
        graph_free(g);
    }
    assert_int_equal(compared, 13 * 8 + 6);
}

/* ViT-B/16, by hand. 197 tokens of 768, 12 blocks: projections by call 197 x 768 x (2304 + 768), products of queries
   and keys, scores and values 2 x 197 x 197 x 768; 25 layer norms of 197 x 768; GELU of 197 x 3072. */
static void what_modules_hide_is_said(void **state)
{
    (void)state;
    static const count CALLS = 12LL * 197 * 768 * 3072, PRODUCTS = 12LL * 2 * 197 * 197 * 768;
    struct graph *g = built("vit_b_16", 1);
    struct convention_total total;
    convention_count(convention_find("thop"), g, &total);
    assert_int_equal(total.n_missed, 48);
    assert_int_equal(total.missed_macs, CALLS + PRODUCTS);
    assert_string_equal(total.missed->name, "encoder.layers.encoder_layer_0.self_attention.in_proj");
    assert_int_equal(total.value, 17563828224 - CALLS - PRODUCTS + 4 * 25 * 197 * 768);
    convention_count(convention_find("fvcore"), g, &total);
    assert_int_equal(total.n_missed, 0);
    assert_int_equal(total.value, 17563828224 + 5 * 25 * 197 * 768);
    convention_count(convention_find("ptflops"), g, &total);
    assert_string_equal(total.crash->name, "encoder.layers.encoder_layer_0.self_attention.out_proj.biased");
    graph_free(g);
}

/* resnet18 under thop: 4 x 2483712 batch norm outputs, 512 x 7 x 7 pooled values and 512 means, by hand */
static void terms_are_named_and_add_up(void **state)
{
    (void)state;
    static const int64_t expected[] = {1814073344, 2483712, 512 * 7 * 7, 512};
    struct graph *g = built("resnet18", 1);
    struct convention_total total;
    convention_count(convention_find("thop"), g, &total);
    assert_int_equal(total.n_terms, COUNT_OF(expected));
    for (int i = 0; i < total.n_terms; i++) assert_int_equal(total.terms[i].n, expected[i]);
    assert_int_equal(total.value, 1814073344 + 4 * 2483712 + 512 * 49 + 512);
    graph_free(g);
}

/* thop's README prints 4133742592 for resnet50, to the unit. */
static void thops_own_number_is_met_to_the_unit(void **state)
{
    (void)state;
    struct graph *g = built("resnet50", 1);
    struct convention_total total;
    convention_count(convention_find("thop"), g, &total);
    assert_int_equal(total.value, 4133742592);
    graph_free(g);
}

/* Everything that is counted per image grows with the batch. */
static void batches_multiply(void **state)
{
    (void)state;
    struct graph *one = built("efficientnet_b0", 1), *five = built("efficientnet_b0", 5);
    int tools = 0;
    for (const struct convention *c; (c = convention_at(tools)); tools++) {
        struct convention_total a, b;
        convention_count(c, one, &a);
        convention_count(c, five, &b);
        assert_int_equal(b.value, 5 * a.value);
        assert_ptr_equal(convention_find(c->tool), c);
    }
    assert_int_equal(tools, 10);
    assert_null(convention_find("nothing"));
    graph_free(one);
    graph_free(five);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tools_totals_are_met),       cmocka_unit_test(what_modules_hide_is_said),
        cmocka_unit_test(terms_are_named_and_add_up), cmocka_unit_test(thops_own_number_is_met_to_the_unit),
        cmocka_unit_test(batches_multiply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
