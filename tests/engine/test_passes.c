/* A pass gives the same answers however it is cut: by batch, threads, instruction set, algorithm. */
#include "open.h"

#include <stdlib.h>
#include <string.h>

static const char *const models[] = {"resnet18",           "mobilenet_v2",  "mobilenet_v3_small",
                                     "shufflenet_v2_x1_0", "squeezenet1_1", "efficientnet_b0"};
enum { SIZE = 64, BATCH = 5 };

/* Row 0 of `one` at batch 1 for each image, against the rows of a batch. */
static void an_image_does_not_depend_on_its_batch(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT_OF(models); m++) {
        struct opened batch = open_model(models[m], BATCH, SIZE, (struct engine_options){0});
        struct opened one = open_model(models[m], 1, SIZE, (struct engine_options){0});
        size_t n = (size_t)tensor_elements(one.graph->outputs[0]), in = (size_t)tensor_elements(one.graph->inputs[0]);
        engine_cpu.run(batch.session);
        for (int i = 0; i < BATCH; i++) {
            memcpy(engine_cpu.input(one.session, 0), engine_cpu.input(batch.session, 0) + (size_t)i * in,
                   in * sizeof(float));
            engine_cpu.run(one.session);
            double error = largest_error(engine_cpu.output(batch.session, 0) + (size_t)i * n,
                                         engine_cpu.output(one.session, 0), n);
            if (error > 1e-4) fail_msg("%s image %d of %d: error %.1e", models[m], i, BATCH, error);
        }
        close_model(&batch);
        close_model(&one);
    }
}

static void compare(const char *id, int batch, const float *reference, size_t n, struct engine_options options)
{
    struct opened o = open_model(id, batch, SIZE, options);
    engine_cpu.run(o.session);
    double error = largest_error(engine_cpu.output(o.session, 0), reference, n);
    if (error > 1e-4)
        fail_msg("%s batch %d %s, %d threads, winograd %d: error %.1e", id, batch, isa_name(o.session->isa),
                 options.threads, (int)options.winograd, error);
    close_model(&o);
}
static void threads_and_algorithms_do_not_change_the_answer(void **state)
{
    (void)state;
    struct cpus cpus;
    cpus_read("", &cpus);
    for (size_t m = 0; m < COUNT_OF(models); m++) {
        struct opened plain =
            open_model(models[m], BATCH, SIZE,
                       (struct engine_options){.isa = ISA_BEST, .threads = 1, .winograd = WINOGRAD_FORBID});
        size_t n = (size_t)tensor_elements(plain.graph->outputs[0]);
        engine_cpu.run(plain.session);
        float *reference = malloc(n * sizeof *reference);
        assert_non_null(reference);
        memcpy(reference, engine_cpu.output(plain.session, 0), n * sizeof *reference);
        close_model(&plain);
        for (int threads = 1; threads <= 3 && threads <= cpus.n_allowed; threads++)
            for (enum isa isa = ISA_PLAIN; isa < ISA_N; isa++)
                if (isa_is_here(isa))
                    compare(models[m], BATCH, reference, n,
                            (struct engine_options){.isa = isa, .threads = threads, .winograd = WINOGRAD_FORCE});
        free(reference);
    }
}

static void choices_by_time_can_be_given_back(void **state)
{
    (void)state;
    const struct engine_options timed = {.tune = true, .threads = 1};
    struct opened first = open_model("resnet18", 2, SIZE, timed);
    assert_non_null(strstr(first.session->algorithms, "chosen by time"));
    assert_null(strstr(first.session->algorithms, "earlier"));
    assert_true(strlen(first.session->choices) > 0);
    struct engine_options again = timed;
    again.choices = "tail 8 winograd 2";
    struct opened given = open_model("resnet18", 2, SIZE, again);
    assert_string_equal(given.session->choices, again.choices);
    assert_non_null(strstr(given.session->algorithms, "winograd 1 of"));
    assert_non_null(strstr(given.session->algorithms, "by time, earlier"));
    engine_cpu.run(first.session);
    engine_cpu.run(given.session);
    size_t n = (size_t)tensor_elements(first.graph->outputs[0]);
    double error = largest_error(engine_cpu.output(given.session, 0), engine_cpu.output(first.session, 0), n);
    if (error > 1e-4) fail_msg("error %.1e", error);
    close_model(&given);
    static const char *const foreign[] = {"", "tail", "tail 9 winograd", "tail 4 winograd 1 x", "tail 4 winograd 999"};
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        again.choices = foreign[i];
        struct opened o = open_model("resnet18", 2, SIZE, again);
        if (strstr(o.session->algorithms, "earlier")) fail_msg("'%s' was taken", foreign[i]);
        close_model(&o);
    }
    close_model(&first);
}

static void group_times_add_up_to_a_pass(void **state)
{
    (void)state;
    struct opened o = open_model("mobilenet_v2", BATCH, SIZE, (struct engine_options){0});
    double *ns = calloc((size_t)o.session->n_groups, sizeof *ns), sum = 0;
    assert_non_null(ns);
    engine_cpu.run_timed(o.session, ns);
    for (int i = 0; i < o.session->n_groups; i++) {
        assert_true(ns[i] >= 0);
        sum += ns[i];
    }
    assert_true(sum > 0);
    free(ns);
    close_model(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_does_not_depend_on_its_batch),
        cmocka_unit_test(threads_and_algorithms_do_not_change_the_answer),
        cmocka_unit_test(choices_by_time_can_be_given_back),
        cmocka_unit_test(group_times_add_up_to_a_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
