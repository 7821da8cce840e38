#include "run_both.h"

#include "check.h"

#include <string.h>

/* Into a pool that outlives the session. */
static void copy_value(struct pool *p, const struct value *v, struct value *out)
{
    gable_error e = {0};
    *out = (struct value){0};
    if (v->kind != VALUE_TENSOR || v->dtype == DTYPE_STRING) return;
    assert_ok(value_new(p, v->dtype, v->rank, v->dim, out, &e), &e);
    memcpy(out->data, v->data, (size_t)v->n * value_element_bytes(v->dtype));
}

static void compare_outputs(const struct both *b, const struct general *s, const struct graph *g, const char *label)
{
    for (int i = 0; i < g->n_outputs; i++) {
        const struct value *got = general_output(s, i);
        if (b->outputs[i].kind != VALUE_TENSOR) continue;
        struct difference d = value_compare(got, &b->outputs[i], b->tolerance);
        if (d.what) fail_msg("%s: output %d after the clean-up: %s, %g absolute", label, i, d.what, d.absolute);
    }
}

bool both_run(struct both *b, const struct graph *g, const struct value *inputs, struct pool *keep, const char *label)
{
    struct cpus cpus;
    struct general *s = NULL;
    gable_error e = {0};
    const struct general_options options = {.threads = 1, .seed = 1, .bytes_max = (size_t)1 << 28};
    if (general_missing(g)) return false;
    cpus_read("", &cpus);
    assert_ok(general_open(g, b->values, &cpus, &options, &s, &e), &e);
    bool is_run = true;
    for (int i = 0; i < g->n_inputs && is_run; i++)
        is_run = inputs[i].kind == VALUE_ABSENT || !general_set_input(s, i, &inputs[i], &e);
    is_run = is_run && !general_run(s, &e);
    if (is_run && b->outputs) {
        compare_outputs(b, s, g, label);
    } else if (is_run) {
        b->n = g->n_outputs;
        b->outputs = test_calloc((size_t)g->n_outputs + 1, sizeof *b->outputs);
        for (int i = 0; i < g->n_outputs; i++) copy_value(keep, general_output(s, i), &b->outputs[i]);
    } else if (b->outputs) {
        fail_msg("%s: runs before the clean-up, not after: %s: %s", label, e.where, e.why);
    }
    general_close(s);
    return is_run;
}
