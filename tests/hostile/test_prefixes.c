/* Every prefix of twenty models, as files are that were not copied whole: answered, where the cut falls between two
   fields, or refused by a sentence. */
#include "base/file.h"
#include "base/limits.h"
#include "check.h"
#include "command.h"
#include "model/model.h"
#include "ops/analysis.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODELS = 20, ZOO = 2 };
#define DATA "/usr/share/libonnx-testdata/data/"

struct tally {
    int answered, refused;
};

static void answer(const char *path, size_t n, struct tally *t)
{
    struct graph *g = NULL;
    struct analysis *a = NULL;
    gable_error e = {0};
    gable_status s = model_open(path, &(struct model_options){0}, &g, &e);
    if (!s) s = analysis_new(g, NULL, &a, &e);
    if (s && (!e.why[0] || !strstr(e.where, path) || strlen(e.where) + strlen(e.why) >= LIMIT_ERROR_BYTES))
        fail_msg("%zu bytes: \"%s\", \"%s\"", n, e.where, e.why);
    t->answered += !s;
    t->refused += s != GABLE_OK;
    analysis_free(a);
    graph_free(g);
}

/* From the whole to nothing, by cutting the file. */
static void try_prefixes(const char *path, size_t n, struct tally *t)
{
    do {
        assert_int_equal(truncate(path, (off_t)n), 0);
        answer(path, n, t);
    } while (n-- > 0);
}

/* With something of everything in them: bodies, functions, sequences, quantised types; then two of the zoo. */
static const char *const models[MODELS - ZOO] = {"node/test_if",
                                                 "node/test_loop11",
                                                 "node/test_scan9_sum",
                                                 "node/test_sequence_map_add_2_sequences",
                                                 "node/test_optional_get_element",
                                                 "node/test_lstm_defaults",
                                                 "node/test_qlinearconv",
                                                 "node/test_basic_conv_with_padding",
                                                 "node/test_celu_expanded",
                                                 "node/test_constant",
                                                 "node/test_cast_FLOAT_to_STRING",
                                                 "node/test_einsum_transpose",
                                                 "node/test_resize_downsample_scales_cubic",
                                                 "node/test_nonmaxsuppression_limit_output_size",
                                                 "node/test_reshape_negative_dim",
                                                 "simple/test_single_relu_model",
                                                 "pytorch-converted/test_Conv2d_groups",
                                                 "pytorch-operator/test_operator_basic"};

static void every_prefix_is_answered_or_refused(void **state)
{
    struct tally all = {0};
    for (size_t i = 0; i < MODELS; i++) {
        char command[512];
        struct answer a;
        struct tally t = {0};
        char *bytes;
        size_t n;
        gable_error e = {0};
        const char *path = folder_path(*state, "model.onnx");
        if (i < COUNT_OF(models))
            snprintf(command, sizeof command, "cp '" DATA "%s/model.onnx' model.onnx", models[i]);
        else
            snprintf(command, sizeof command, "\"$gable\" export %s --no-weights -o model.onnx >/dev/null",
                     i % 2 ? "alexnet" : "squeezenet1_1");
        command_run(*state, command, &a);
        if (a.status) fail_msg("%s: %s", command, a.err);
        command_release(&a);
        assert_ok(file_read(path, 64 << 20, &bytes, &n, &e), &e);
        free(bytes);
        try_prefixes(path, n, &t);
        all.answered += t.answered;
        all.refused += t.refused;
        unlink(path);
    }
    print_message("%d prefixes answered, %d refused\n", all.answered, all.refused);
    assert_true(all.answered > 0 && all.refused > 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_prefix_is_answered_or_refused)};
    return cmocka_run_group_tests(tests, folder_start, folder_finish);
}
