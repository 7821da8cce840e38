/* gable run: a model cleaned up and fused gives what it gives node by node. */
#include "check.h"
#include "tensors/compare.h"
#include "tensors/npy.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDER "/tmp/gable-run"

static void command(const char *format, const char *a, const char *b)
{
    char line[1024];
    snprintf(line, sizeof line, format, a, b);
    if (system(line)) fail_msg("%s failed", line);
}

static struct value result(struct pool *p, const char *folder, const char *name)
{
    char path[512];
    gable_error e = {0};
    struct value v = {0};
    snprintf(path, sizeof path, FOLDER "/%s/%s.npy", folder, name);
    assert_ok(npy_read(p, path, &v, &e), &e);
    return v;
}

static void agrees(const char *model, const char *output)
{
    struct pool *p = pool_new((size_t)1 << 30);
    command("rm -rf " FOLDER "/fast " FOLDER "/slow; " GABLE_PROGRAM " run %s -o " FOLDER "/fast >/dev/null%s", model,
            "");
    command(GABLE_PROGRAM " run %s -o " FOLDER "/slow --dump >/dev/null%s", model, "");
    struct value fast = result(p, "fast", output), slow = result(p, "slow", output);
    struct difference d = value_compare(&fast, &slow, (struct tolerance){1e-4, 1e-3});
    if (d.what) fail_msg("%s: %s: %s, %g apart", model, output, d.what, d.absolute);
    value_release(&fast);
    value_release(&slow);
    pool_free(p);
}

static void a_file_gives_what_its_nodes_give(void **state)
{
    (void)state;
    static const struct {
        const char *model, *output;
    } rows[] = {
        {"resnet18", "fc"},
        {"mobilenet_v3_small", "classifier.3"},
        {"shufflenet_v2_x0_5", "fc"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        command(GABLE_PROGRAM " export %s --size 64 -o " FOLDER "/%s.onnx >/dev/null", rows[i].model, "model");
        agrees(FOLDER "/model.onnx", rows[i].output);
    }
}

static void a_zoo_model_gives_what_its_nodes_give(void **state)
{
    (void)state;
    agrees("squeezenet1_1 --shape input=2x3x64x64", "flatten");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_what_its_nodes_give),
        cmocka_unit_test(a_zoo_model_gives_what_its_nodes_give),
    };
    command("mkdir -p " FOLDER "%s%s", "", "");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
