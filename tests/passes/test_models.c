/* Every model of libonnx-testdata that runs, before and after its clean-up, on the inputs that come with it. */
#include "check.h"
#include "onnx/onnx.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "run_both.h"
#include "tensors/initializers.h"
#include "tensors/proto.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DATA "/usr/share/libonnx-testdata/data/"
enum { INPUTS_MAX = 64 };

static void read_inputs(struct pool *p, const struct graph *g, const char *folder, struct value *inputs)
{
    for (int i = 0; i < g->n_inputs; i++) {
        char path[900];
        gable_error e = {0};
        snprintf(path, sizeof path, "%s/test_data_set_0/input_%d.pb", folder, i);
        inputs[i] = (struct value){0};
        if (!access(path, R_OK)) proto_read(p, path, g->inputs[i]->form, &inputs[i], NULL, 0, &e);
        if (inputs[i].dtype == DTYPE_U16) inputs[i].dtype = g->inputs[i]->dtype; /* ONNX 1.12 wrote bf16 so */
    }
}

static bool is_random(const struct graph *g)
{
    for (int i = 0; i < g->n_nodes; i++)
        if (strstr(g->nodes[i]->op_type, "Random") || strstr(g->nodes[i]->op_type, "ernoulli") ||
            !strcmp(g->nodes[i]->op_type, "Multinomial") || !strcmp(g->nodes[i]->op_type, "Dropout"))
            return true;
    return false;
}

struct seen {
    int run, rewritten, rewrites;
};

static void check_model(const char *folder, struct seen *seen)
{
    char path[800];
    gable_error e = {0};
    struct graph *g = NULL;
    struct initializers *values = NULL;
    struct value inputs[INPUTS_MAX];
    struct pool *p = pool_new((size_t)1 << 28);
    struct rewrites r = {0};
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    assert_ok(onnx_read(path, NULL, &g, &e), &e);
    if (ops_infer(g, &e) || is_random(g) || g->n_inputs > INPUTS_MAX) {
        graph_free(g);
        pool_free(p);
        return;
    }
    e = (gable_error){0};
    assert_ok(initializers_open(path, &values, &e), &e);
    read_inputs(p, g, folder, inputs);
    struct both both = {.values = initializers_values(values), .tolerance = {1e-6, 1e-4}};
    bool is_run = both_run(&both, g, inputs, p, folder);
    assert_ok(passes_run(g, &r, &e), &e);
    if (is_run) {
        both_run(&both, g, inputs, p, folder);
        seen->run++;
        seen->rewritten += r.n > 0;
        seen->rewrites += r.n;
    }
    for (int i = 0; i < g->n_inputs; i++) value_release(&inputs[i]);
    for (int i = 0; i < both.n; i++) value_release(&both.outputs[i]);
    test_free(both.outputs);
    initializers_close(values);
    graph_free(g);
    pool_free(p);
}

static void outputs_stay(void **state)
{
    (void)state;
    glob_t folders;
    struct seen seen = {0};
    assert_int_equal(glob(DATA "*/*", GLOB_ONLYDIR, NULL, &folders), 0);
    for (size_t i = 0; i < folders.gl_pathc; i++)
        if (!strstr(folders.gl_pathv[i], "/real/")) check_model(folders.gl_pathv[i], &seen);
    print_message("%d models run before and after; %d of them rewritten, by %d rewrites\n", seen.run, seen.rewritten,
                  seen.rewrites);
    assert_true(seen.run > 600 && seen.rewritten >= 50);
    globfree(&folders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outputs_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
