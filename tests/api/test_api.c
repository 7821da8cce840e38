/* A user's program: nothing but the public header. */
#include <gable/gable.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static void a_model_is_counted(void **state)
{
    (void)state;
    gable_error e = {0};
    gable_model *m = NULL;
    assert_int_equal(gable_model_open("resnet18", &(gable_model_options){.batch = 2}, &m, &e), GABLE_OK);
    gable_cost whole = gable_model_cost(m);
    assert_true(whole.params == 11689512 && whole.macs == 2 * INT64_C(1814073344)); /* torchvision's, batch 2 */
    assert_true(whole.bytes_ideal <= whole.bytes_fused && whole.bytes_fused <= whole.bytes_unfused);
    int64_t macs = 0, flops = 0, params = 0;
    for (int i = 0; i < gable_model_nodes(m); i++) {
        const char *name, *op;
        gable_cost one = gable_model_node(m, i, &name, &op);
        assert_true(strlen(name) > 0 && strlen(op) > 0);
        macs += one.macs;
        flops += one.flops;
        params += one.params;
    }
    assert_true(macs == whole.macs && flops == whole.flops && params == whole.params);
    gable_model_free(m);
}

static void an_unknown_model_names_the_nearest(void **state)
{
    (void)state;
    gable_error e = {0};
    gable_model *m = NULL;
    assert_int_equal(gable_model_open("resnt18", NULL, &m, &e), GABLE_USAGE);
    assert_non_null(strstr(e.why, "resnet18"));
    assert_null(m);
}

static void a_chip_has_a_roof(void **state)
{
    (void)state;
    gable_error e = {0};
    gable_roof roof;
    assert_int_equal(gable_chip_roof("nvidia_v100_pcie_16gb", "f32", &roof, &e), GABLE_OK);
    assert_true(roof.peak_flops_per_s > 13e12 && roof.peak_flops_per_s < 15e12);
    assert_true(gable_attainable(&roof, 1) == roof.bandwidth_bytes_per_s);
    assert_true(gable_attainable(&roof, 1e6) == roof.peak_flops_per_s);
    assert_true(gable_ridge(&roof) == roof.peak_flops_per_s / roof.bandwidth_bytes_per_s);
    assert_int_equal(gable_chip_roof("nonesuch", "f32", &roof, &e), GABLE_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_counted),
        cmocka_unit_test(an_unknown_model_names_the_nearest),
        cmocka_unit_test(a_chip_has_a_roof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
