#include "check.h"
#include "model/model.h"
#include "ops/analysis.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void names_and_files_are_told_apart(void **state)
{
    (void)state;
    const struct model_options options = {.zoo = {.batch = 2}};
    struct graph *g = NULL;
    gable_error e = {0};
    assert_ok(model_open("squeezenet1_1", &options, &g, &e), &e);
    assert_int_equal(g->inputs[0]->shape.dim[0], 2);
    graph_free(g);
    assert_ok(model_open("/usr/share/libonnx-testdata/data/pytorch-converted/test_Conv2d/model.onnx", &options, &g, &e),
              &e);
    assert_string_equal(g->nodes[0]->op_type, "Conv");
    graph_free(g);
    assert_int_equal(model_open("squeezenet1_2", &options, &g, &e), GABLE_USAGE);
    assert_contains(e.why, "did you mean 'squeezenet1_");
    assert_int_equal(model_open("./nothing.onnx", &options, &g, &e), GABLE_USAGE);
    assert_contains(e.where, "./nothing.onnx");
}

/* A file is counted by the same rules: 4 filters of 3 x 3 x 2 on a 6 x 5 input, padding 0: by hand. */
static void a_file_is_counted(void **state)
{
    (void)state;
    const struct model_options options = {0};
    struct graph *g = NULL;
    struct analysis *a = NULL;
    gable_error e = {0};
    assert_ok(model_open("/usr/share/libonnx-testdata/data/pytorch-converted/test_Conv2d/model.onnx", &options, &g, &e),
              &e);
    assert_ok(analysis_new(g, NULL, &a, &e), &e);
    const struct shape *x = &g->inputs[0]->shape, *w = &g->nodes[0]->in[1]->shape, *y = &g->outputs[0]->shape;
    assert_int_equal(y->dim[2], x->dim[2] - w->dim[2] + 1);
    assert_int_equal(a->total.macs, y->dim[0] * y->dim[1] * y->dim[2] * y->dim[3] * w->dim[1] * w->dim[2] * w->dim[3]);
    analysis_free(a);
    graph_free(g);
}

static void labels_are_short(void **state)
{
    (void)state;
    char label[64];
    model_label("efficientnet_b0", label, sizeof label);
    assert_string_equal(label, "EfficientNet-B0");
    model_label("/some/folder/net.v2.onnx", label, sizeof label);
    assert_string_equal(label, "net.v2"); /* there is no such folder */
    model_label("/usr/lib/model.onnx", label, sizeof label);
    assert_string_equal(label, "lib/model");
    model_label("/usr/lib/../lib/.//model.onnx", label, sizeof label);
    assert_string_equal(label, "lib/model");
    model_label("/usr/lib/model.onnx", label, sizeof "lib/model.onnx" - 1);
    assert_string_equal(label, "model");
    model_label("/model.onnx", label, sizeof label);
    assert_string_equal(label, "model");
    model_label("-", label, sizeof label);
    assert_string_equal(label, "stdin");
}

static void results_are_kept_under_folder_and_file(void **state)
{
    (void)state;
    char id[64], here[PATH_MAX], wanted[PATH_MAX];
    model_id("efficientnet_b0", id, sizeof id);
    assert_string_equal(id, "efficientnet_b0");
    model_id("/usr/lib/model.onnx", id, sizeof id);
    assert_string_equal(id, "lib/model.onnx");
    assert_non_null(getcwd(here, sizeof here));
    snprintf(wanted, sizeof wanted, "%s/model.onnx", strrchr(here, '/') + 1);
    model_id("model.onnx", id, sizeof id);
    assert_string_equal(id, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_files_are_told_apart),
        cmocka_unit_test(a_file_is_counted),
        cmocka_unit_test(labels_are_short),
        cmocka_unit_test(results_are_kept_under_folder_and_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
