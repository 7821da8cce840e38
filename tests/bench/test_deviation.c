/* Why backward is not twice forward: what is split adds up, and each cause is said with its numbers. */
#include "bench/deviation.h"
#include "check.h"
#include "zoo/zoo.h"

#include <math.h>
#include <string.h>

/* A first convolution without data gradient, a depthwise one whose weight gradient is slow, an activation. */
static struct step_amounts made_up(void)
{
    struct step_amounts a = {.unneeded = 10, .unneeded_kind = KIND_CONV, .unneeded_name = "features.0.0"};
    memcpy(a.of[KIND_CONV], (double[PASS_N]){40, 30, 40, 0}, sizeof a.of[0]);
    memcpy(a.of[KIND_DEPTHWISE], (double[PASS_N]){20, 20, 60, 0}, sizeof a.of[0]);
    memcpy(a.of[KIND_ACTIVATION], (double[PASS_N]){40, 40, 0, 0}, sizeof a.of[0]);
    a.of[KIND_OTHER][PASS_UPDATE] = 7;
    return a;
}
static void causes_add_up(void **state)
{
    (void)state;
    const struct step_amounts a = made_up();
    struct deviation d[DEVIATIONS];
    double sum = 0;
    int n = deviation_find(&a, d);
    for (int i = 0; i < n; i++) sum += d[i].adds;
    assert_true(fabs(amounts_ratio(&a) - 1.9) < 1e-12); /* (30 + 40 + 20 + 60 + 40) / 100 */
    assert_true(fabs(sum - (amounts_ratio(&a) - 2)) < 1e-12);
    assert_true(amounts_of_pass(&a, PASS_UPDATE) == 7);
    for (int i = 1; i < n; i++) assert_true(fabs(d[i].adds) <= fabs(d[i - 1].adds));
    assert_true(n >= 3 && fabs(d[0].adds) == 0.4 && fabs(d[1].adds) == 0.4); /* 60 - 20; 40 - 80 */
    assert_int_equal(d[2].cause, CAUSE_FIRST);
    assert_true(d[2].adds == -0.1);
}
static void each_cause_is_said(void **state)
{
    static const struct {
        struct deviation d;
        bool is_time;
        const char *words;
    } rows[] = {
        {{CAUSE_FIRST, KIND_CONV, -0.1, 0.1}, true, "features.0.0 needs no data gradient"},
        {{CAUSE_WEIGHT, KIND_DEPTHWISE, 0.4, 3}, true, "weight gradients of depthwise convolutions run at 0.33 of"},
        {{CAUSE_DATA, KIND_CONV, 0.1, 1.5}, false, "data gradients of kxk convolutions take 0.75 times"},
        {{CAUSE_GRADIENT, KIND_ACTIVATION, -0.4, 1}, true, "the one gradient, not two, of activations takes 1.0 times"},
        {{CAUSE_AGAIN, KIND_OTHER, 0.3, 0.3}, true, "backward repeats 0.30 of forward"},
    };
    struct step_amounts ns = made_up(), flops = made_up();
    (void)state;
    flops.of[KIND_DEPTHWISE][PASS_WEIGHT] = 20; /* as many as forward */
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char words[256];
        deviation_say(&rows[i].d, &flops, &flops, rows[i].is_time ? &ns : NULL, op_kind_several, words, sizeof words);
        assert_contains(words, rows[i].words);
    }
}
/* Every kind and pass of a real model; the first layer by its name. */
static void a_model_is_split_without_rest(void **state)
{
    static const char *const names[] = {"resnet18", "mobilenet_v2", "squeezenet1_1"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct graph *g;
        struct analysis *a;
        struct training *t;
        struct deviation d[DEVIATIONS];
        gable_error e = {0};
        double sum = 0;
        assert_ok(zoo_build(names[i], &(struct zoo_options){.batch = 2}, &g, &e), &e);
        assert_ok(analysis_new(g, NULL, &a, &e), &e);
        assert_ok(training_new(a, OPTIMIZER_MOMENTUM, &t, &e), &e);
        struct step_amounts f = amounts_of_flops(t);
        int n = deviation_find(&f, d);
        for (int k = 0; k < n; k++) sum += d[k].adds;
        double backward = (double)t->passes[PASS_DATA].cost.flops + (double)t->passes[PASS_WEIGHT].cost.flops;
        assert_true(fabs(amounts_ratio(&f) - backward / (double)t->passes[PASS_FORWARD].cost.flops) < 1e-12);
        assert_true(fabs(2 + sum - amounts_ratio(&f)) < 1e-9);
        const char *first = g->nodes[0]->name; /* Conv */
        assert_string_equal(f.unneeded_name, first);
        assert_true(f.unneeded == (double)t->nodes[0].passes[PASS_FORWARD].cost.flops);
        training_free(t);
        analysis_free(a);
        graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_add_up),
        cmocka_unit_test(each_cause_is_said),
        cmocka_unit_test(a_model_is_split_without_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
