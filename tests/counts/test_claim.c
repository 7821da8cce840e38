/* Numbers in print that collide, and what gives them. */
#include "check.h"
#include "counts/claim.h"

#include <math.h>
#include <string.h>

static void settled(const char *word, const char *text, struct claim_result *r)
{
    struct claim c;
    gable_error e = {0};
    assert_ok(claim_parse(text, &c, &e), &e);
    assert_ok(claim_settle(word, &(struct model_options){0}, &c, r, &e), &e);
}

/* ResNet-50: the paper's 3.8 G is v1 (3.858 by its layers), torchvision's v1.5 has 4.089; thop prints 4.134, DeepSpeed
   8.211. EfficientNet-B1, B2, B4: the paper's size, not 224. ShuffleNetV2 0.5: batch norm zero at inference. */
static void numbers_in_print_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *word, *claim, *model, *what;
        int height;
        double value_m;
    } rows[] = {
        {"resnet50", "3.8G", "resnet50_v1", "MACs of conv", 224, 3858},
        {"resnet50", "4.09G", "resnet50", "MACs of conv", 224, 4089.184},
        {"resnet50", "4.134G", "resnet50", "thop", 224, 4133.743},
        {"resnet50", "8.21 GFLOPs", "resnet50", "deepspeed", 224, 8211.108},
        {"mobilenet_v2", "585M", "mobilenet_v2_x1_4", "MACs of conv", 224, 582},
        {"mobilenet_v2", "300M", "mobilenet_v2", "MACs of conv", 224, 300.774},
        {"efficientnet_b0", "0.39G", "efficientnet_b0", "MACs of conv", 224, 385.815},
        {"efficientnet_b1", "0.70G", "efficientnet_b1", "MACs of conv", 240, 687},
        {"efficientnet_b2", "1.0G", "efficientnet_b2", "MACs of conv", 260, 994},
        {"efficientnet_b4", "4.2G", "efficientnet_b4", "MACs of conv", 380, 4394},
        {"shufflenet_v2_x0_5", "41M", "shufflenet_v2_x0_5", "MACs of conv", 224, 40.476},
        {"resnet18", "3.6G", "resnet18", "2 x MACs", 224, 3628.147},
        {"resnet50", "25.6M", "resnet50", "parameters", 224, 25.557},
        {"mobilenet_v2", "3.4M params", "mobilenet_v2", "parameters", 224, 3.505},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct claim_result r;
        settled(rows[i].word, rows[i].claim, &r);
        const struct claim_answer *a = &r.answers[0];
        if (r.n < 1 || strcmp(a->model, rows[i].model) || !strstr(a->what, rows[i].what) ||
            a->height != rows[i].height || fabs((double)a->value / 1e6 / rows[i].value_m - 1) > 0.001)
            fail_msg("%s %s: %s, %s at %d: %.3f M", rows[i].word, rows[i].claim, a->model, a->what, a->height,
                     (double)a->value / 1e6);
        for (int k = 1; k < r.n; k++) assert_true(r.answers[k].score >= r.answers[k - 1].score);
    }
}

static void nothing_is_made_up(void **state)
{
    (void)state;
    struct claim_result r;
    settled("resnet50", "123T", &r);
    assert_int_equal(r.n, 0);
    assert_true(r.nearest.difference < -0.05);
    assert_int_equal(r.macs, 4089184256);
    assert_int_equal(r.params, 25557032);
    settled("resnet18", "116.1G", &r); /* 64 x 1.814073344 */
    assert_int_equal(r.answers[0].batch, 64);
    assert_int_equal(r.answers[0].value, 64 * 1814073344LL);
}

static void claims_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value, unit;
        enum claim_of of;
    } right[] = {{"3.8G", 3.8e9, 1e8, CLAIM_ANY},          {"25.6M params", 25.6e6, 1e5, CLAIM_PARAMS},
                 {"1814073344", 1814073344, 1, CLAIM_ANY}, {"4 GFLOPs", 4e9, 1e9, CLAIM_WORK},
                 {"300 MMACs", 3e8, 1e6, CLAIM_WORK},      {"0.70B", 7e8, 1e7, CLAIM_ANY}};
    static const char *const wrong[] = {"", "G", "3.8X", "-1G", "nan", "1.2.3G", "3,8G", ".", "0", "3.8GG", "1e9"};
    struct claim c;
    gable_error e = {0};
    for (size_t i = 0; i < COUNT_OF(right); i++) {
        assert_ok(claim_parse(right[i].text, &c, &e), &e);
        assert_true(fabs(c.value / right[i].value - 1) < 1e-12 && fabs(c.unit / right[i].unit - 1) < 1e-12);
        assert_int_equal(c.of, right[i].of);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (claim_parse(wrong[i], &c, &e) != GABLE_USAGE) fail_msg("'%s' is read as %g", wrong[i], c.value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_print_are_explained),
        cmocka_unit_test(nothing_is_made_up),
        cmocka_unit_test(claims_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
