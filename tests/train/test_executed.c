/* FLOPs that a trainer's algorithms execute beside those that are counted. */
#include "trained.h"

#include <string.h>

/* 64 channels of 12 x 12 in 9 tiles of 4 x 4: 36 products of matrices; B^T d B is 12 transforms of 20 FLOPs, A^T m A 10
   of 13, A g A^T 10 of 12. */
static count expected(enum train_pass pass, count images)
{
    count tiles = 9 * images, products = 2 * 36 * 64 * 64;
    return tiles * (products + 240 * 64 + (pass == PASS_WEIGHT ? 120 : 130) * 64);
}
static void check(const struct trained *t)
{
    for (int i = 0; i < t->trainer->n_stages; i++) {
        const struct trainer_stage *s = &t->trainer->stages[i];
        bool is_winograd = strstr(s->kernel, "winograd") != NULL;
        if (!is_winograd) assert_int_equal(s->flops_beyond, 0);
        if (!is_winograd || s->is_recomputed || strncmp(s->name, "layer1.", 7) != 0) continue;
        count direct = 2 * 9 * 64 * 64 * 12 * 12 * t->trainer->batch;
        assert_int_equal(direct + s->flops_beyond, expected(s->pass, t->trainer->batch));
    }
}
static void winograd_executes_fewer_and_the_rest_what_is_counted(void **state)
{
    struct trained t = trained_open("resnet18", 3, 48, (struct trainer_options){.tune = true});
    (void)state;
    check(&t);
    trained_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(winograd_executes_fewer_and_the_rest_what_is_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
