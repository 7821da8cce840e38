/* Whole steps: the loss of a fixed batch falls, the same call gives the same bits, what cannot be is refused. */
#include "trained.h"

#include <math.h>
#include <string.h>

static const struct row {
    const char *id;
    double rate;
    int size;
} rows[] = {
    {"efficientnet_b0", 0.01, 64}, {"efficientnet_b1", 0.01, 32},    {"efficientnet_b2", 0.01, 32},
    {"efficientnet_b4", 0.01, 32}, {"resnet18", 0.01, 64},           {"shufflenet_v2_x0_5", 0.01, 64},
    {"mobilenet_v2", 0.01, 64},    {"shufflenet_v2_x2_0", 0.01, 64}, {"mobilenet_v3_small", 0.01, 64},
    {"squeezenet1_1", 0.005, 64},
};
static void the_loss_of_a_fixed_batch_falls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trained t = trained_open(rows[i].id, 4, rows[i].size, (struct trainer_options){.rate = rows[i].rate});
        gable_error e = {0};
        double first = 0, loss = 0, least = INFINITY; /* dropout lets single losses jump */
        for (int step = 0; step < 8; step++) {
            assert_ok(trainer_step(t.trainer, &loss, &e), &e);
            if (step == 0) first = loss;
            least = fmin(least, loss);
        }
        if (!(least < 0.95 * first)) fail_msg("%s: %g after %g", rows[i].id, least, first);
        trained_close(&t);
    }
}

/* Nothing holds the level of activations: at the rate of the others PyTorch's losses jump as well. */
static void networks_without_normalisation_learn(void **state)
{
    static const char *const ids[] = {"alexnet", "vgg11"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct trained t = trained_open(ids[i], 4, 64, (struct trainer_options){.rate = 1e-4});
        gable_error e = {0};
        double first = 0, loss = 0, least = INFINITY;
        for (int step = 0; step < 8; step++) {
            assert_ok(trainer_step(t.trainer, &loss, &e), &e);
            if (step == 0) first = loss;
            least = fmin(least, loss);
        }
        if (!(least < 0.95 * first)) fail_msg("%s: %g after %g", ids[i], least, first);
        trained_close(&t);
    }
}

enum { STEPS = 3 };
static void losses_of(const char *id, struct trainer_options o, double *losses)
{
    struct trained t = trained_open(id, 4, 64, o);
    gable_error e = {0};
    for (int i = 0; i < STEPS; i++) assert_ok(trainer_step(t.trainer, &losses[i], &e), &e);
    trained_close(&t);
}
static void the_same_bits_come_again(void **state)
{
    (void)state;
    static const char *const ids[] = {"efficientnet_b0", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1"};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        double once[STEPS], again[STEPS];
        struct trainer_options o = {.threads = 1, .optimizer = OPTIMIZER_ADAM};
        losses_of(ids[i], o, once);
        for (enum recompute r = RECOMPUTE_NONE; r <= RECOMPUTE_CHECKPOINT; r++) {
            o.recompute = r;
            losses_of(ids[i], o, again);
            if (memcmp(once, again, sizeof once) != 0) fail_msg("%s with recompute %d", ids[i], (int)r);
        }
    }
}
static void instruction_sets_agree(void **state)
{
    (void)state;
    double best[STEPS], other[STEPS];
    losses_of("mobilenet_v3_small", (struct trainer_options){0}, best);
    for (enum isa isa = ISA_PLAIN; isa < ISA_N; isa++) {
        if (!isa_is_here(isa)) continue;
        losses_of("mobilenet_v3_small", (struct trainer_options){.isa = isa}, other);
        for (int i = 0; i < 2; i++)
            if (fabs(best[i] - other[i]) > 1e-3 * best[i])
                fail_msg("%s: step %d: %g, not %g", isa_name(isa), i, other[i], best[i]);
    }
}

static void a_label_out_of_range_is_refused(void **state)
{
    (void)state;
    struct trained t = trained_open("mobilenet_v3_small", 2, 32, (struct trainer_options){0});
    gable_error e = {0};
    double loss = 0;
    trainer_labels(t.trainer)[1] = 1000;
    assert_int_equal(trainer_step(t.trainer, &loss, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "label 1000 of image 1");
    assert_int_equal(t.trainer->steps_done, 0);
    trained_close(&t);
}
static void a_rate_that_diverges_names_step_and_layer(void **state)
{
    (void)state;
    struct trained t = trained_open("squeezenet1_1", 2, 64, (struct trainer_options){.rate = 1e6});
    gable_error e = {0};
    double loss = 0;
    gable_status s = GABLE_OK;
    for (int i = 0; i < 20 && !s; i++) s = trainer_step(t.trainer, &loss, &e);
    assert_int_equal(s, GABLE_FAILED);
    assert_contains(e.why, "step ");
    assert_contains(e.why, "features.");
    trained_close(&t);
}
static void what_does_not_fit_is_refused_with_what_does(void **state)
{
    (void)state;
    struct trained t = trained_open("resnet18", 8, 64, (struct trainer_options){0});
    struct trainer *trainer = NULL;
    struct cpus cpus;
    gable_error e = {0};
    size_t total = t.trainer->memory.total;
    cpus_read("", &cpus);
    struct trainer_options o = {.bytes_most = total - 1};
    assert_int_equal(trainer_open(t.graph, t.weights, &cpus, &o, &trainer, &e), GABLE_NO_MEMORY);
    assert_contains(e.why, "the largest batch that fits is 7; with --recompute cheap it takes ");
    o.bytes_most = total;
    assert_ok(trainer_open(t.graph, t.weights, &cpus, &o, &trainer, &e), &e);
    trainer_close(trainer);
    trained_close(&t);
}
static void a_plan_says_what_opening_takes(void **state)
{
    (void)state;
    struct trained t = trained_open("mobilenet_v2", 2, 64, (struct trainer_options){0});
    struct trainer_memory m;
    struct cpus cpus;
    gable_error e = {0};
    cpus_read("", &cpus);
    assert_ok(trainer_plan(t.graph, &cpus, &(struct trainer_options){0}, &m, &e), &e);
    assert_int_equal(m.total, t.trainer->memory.total);
    assert_int_equal(m.saved, t.trainer->memory.saved);
    trained_close(&t);
}
/* A rate of nearly nothing changes nearly nothing; the output is that of the last step. */
static void the_rate_can_be_changed(void **state)
{
    (void)state;
    struct trained t = trained_open("mobilenet_v3_small", 2, 32, (struct trainer_options){0});
    gable_error e = {0};
    double first, loss, sum = 0;
    trainer_set_rate(t.trainer, 1e-30);
    assert_ok(trainer_gradients(t.trainer, &first, &e), &e);
    assert_ok(trainer_step(t.trainer, &loss, &e), &e);
    assert_true(first == loss);
    const float *y = trainer_output(t.trainer);
    for (int i = 0; i < 1000; i++) sum += exp((double)y[i]);
    double of_image_0 = log(sum) - (double)y[trainer_labels(t.trainer)[0]];
    sum = 0;
    for (int i = 0; i < 1000; i++) sum += exp((double)y[1000 + i]);
    double of_image_1 = log(sum) - (double)y[1000 + trainer_labels(t.trainer)[1]];
    assert_true(fabs((of_image_0 + of_image_1) / 2 - loss) < 1e-5 * loss);
    trained_close(&t);
}
static void stages_cover_a_step(void **state)
{
    (void)state;
    struct trained t = trained_open("shufflenet_v2_x0_5", 2, 64, (struct trainer_options){0});
    gable_error e = {0};
    double loss, ns[1000], sum[PASS_N] = {0};
    assert_true(t.trainer->n_stages <= 1000);
    assert_ok(trainer_step_timed(t.trainer, &loss, ns, &e), &e);
    for (int i = 0; i < t.trainer->n_stages; i++) {
        const struct trainer_stage *s = &t.trainer->stages[i];
        assert_true(ns[i] >= 0);
        sum[s->pass] += ns[i];
        assert_true(s->name[0] && s->kernel[0]);
    }
    for (int p = 0; p < PASS_N; p++) assert_true(sum[p] > 0);
    trained_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_of_a_fixed_batch_falls),
        cmocka_unit_test(networks_without_normalisation_learn),
        cmocka_unit_test(the_same_bits_come_again),
        cmocka_unit_test(instruction_sets_agree),
        cmocka_unit_test(a_label_out_of_range_is_refused),
        cmocka_unit_test(a_rate_that_diverges_names_step_and_layer),
        cmocka_unit_test(what_does_not_fit_is_refused_with_what_does),
        cmocka_unit_test(a_plan_says_what_opening_takes),
        cmocka_unit_test(the_rate_can_be_changed),
        cmocka_unit_test(stages_cover_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
