/* Inferred shapes against those of the outputs that ONNX's reference gives, for every node test. What data decide is
   checked as a bound. Every operator of ai.onnx that they use has a row. */
#include "check.h"
#include "onnx/onnx.h"
#include "ops/ops.h"
#include "tensors/proto.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA "/usr/share/libonnx-testdata/data/node/"

struct checked {
    int models, outputs, bounds, refused, wrong;
};

/* Values of small inputs: many tests give a shape, an axis or a count as an input. */
static void give_value(struct graph *g, struct tensor *t, const struct value *v)
{
    if (v->kind != VALUE_TENSOR || v->n > 1024 || v->dtype == DTYPE_STRING) return;
    bool is_real = v->dtype == DTYPE_F32 || v->dtype == DTYPE_F64 || v->dtype == DTYPE_F16 || v->dtype == DTYPE_BF16;
    int64_t *ints = arena_array(g->arena, (size_t)v->n + 1, sizeof *ints);
    double *reals = arena_array(g->arena, (size_t)v->n + 1, sizeof *reals);
    assert_true(ints && reals);
    for (int64_t i = 0; i < v->n; i++)
        if (is_real)
            reals[i] = value_real(v, i);
        else
            ints[i] = value_int(v, i);
    if (is_real)
        t->reals = reals;
    else
        t->ints = ints;
}

static bool read_value(struct pool *p, const char *folder, const char *kind, int i, enum tensor_form form,
                       struct value *out)
{
    char path[900];
    gable_error e = {0};
    snprintf(path, sizeof path, "%s/test_data_set_0/%s_%d.pb", folder, kind, i);
    *out = (struct value){0};
    return !access(path, R_OK) && !proto_read(p, path, form, out, NULL, 0, &e);
}

static void give_values(struct pool *p, struct graph *g, const char *folder)
{
    for (int i = 0; i < g->n_inputs; i++) {
        struct value v;
        if (read_value(p, folder, "input", i, g->inputs[i]->form, &v)) give_value(g, g->inputs[i], &v);
        value_release(&v);
    }
}

static void compare_output(const char *folder, int i, const struct tensor *got, const struct value *want,
                           struct checked *c)
{
    if (want->kind != VALUE_TENSOR || !got->has_shape || got->form != FORM_TENSOR) return;
    bool is_wrong = got->shape.rank != want->rank;
    for (int k = 0; k < want->rank && !is_wrong; k++)
        is_wrong = got->is_at_most ? got->shape.dim[k] < want->dim[k] : got->shape.dim[k] != want->dim[k];
    if (is_wrong) print_message("%s: output %d has another shape\n", folder, i);
    bool is_other = got->dtype != want->dtype && !(got->dtype == DTYPE_BF16 && want->dtype == DTYPE_U16);
    if (is_other)
        print_message("%s: output %d is %s, not %s\n", folder, i, dtype_name(got->dtype), dtype_name(want->dtype));
    c->wrong += is_wrong || is_other;
    c->outputs++;
    c->bounds += got->is_at_most;
}

/* The sentences that say why a shape cannot be known while a model is read. */
static bool is_honest(const char *why)
{
    static const char *const parts[] = {"data decide",  "differ in shape", "changes its shape", "not computed",
                                        "is not known", "no known shape",  "is not a tensor",   "must be a constant"};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strstr(why, parts[i])) return true;
    return false;
}

static void check_case(struct pool *p, char *folder, struct checked *c)
{
    char path[800];
    struct graph *g = NULL;
    gable_error e = {0};
    struct onnx_options options = {.keeps_free = true};
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    assert_ok(onnx_read(path, &options, &g, &e), &e);
    give_values(p, g, folder);
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i];
        if (*n->domain || op_find("", n->op_type)) continue;
        print_message("%s: no row for %s\n", folder, n->op_type);
        c->wrong++;
    }
    c->models++;
    if (ops_infer(g, &e)) {
        print_message("%s: %s: %s\n", folder, e.where, e.why);
        c->wrong += !is_honest(e.why);
        c->refused++;
    }
    for (int i = 0; i < g->n_outputs && !e.why[0]; i++) {
        struct value want;
        if (read_value(p, folder, "output", i, g->outputs[i]->form, &want))
            compare_output(folder, i, g->outputs[i], &want, c);
        value_release(&want);
    }
    graph_free(g);
}

static void shapes_are_those_of_the_outputs(void **state)
{
    (void)state;
    glob_t folders;
    struct checked c = {0};
    struct pool *p = pool_new((size_t)1 << 28);
    assert_int_equal(glob(DATA "*", GLOB_ONLYDIR, NULL, &folders), 0);
    for (size_t i = 0; i < folders.gl_pathc; i++) check_case(p, folders.gl_pathv[i], &c);
    print_message("%d models, %d outputs, %d of them bounds; %d refused\n", c.models, c.outputs, c.bounds, c.refused);
    assert_true(c.models > 900 && c.outputs > 900 && c.bounds >= 20);
    assert_true(c.refused <= 21 && c.wrong == 0);
    globfree(&folders);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes_are_those_of_the_outputs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
