/* Every model of the zoo against independent counts, to the last digit. */
#include "check.h"
#include "ops/analysis.h"
#include "reference.h"
#include "zoo/zoo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct graph *built(const char *id, int height, int width)
{
    gable_error e = {0};
    struct graph *g = NULL;
    struct zoo_options o = {.height = height, .width = width};
    assert_ok(zoo_build(id, &o, &g, &e), &e);
    return g;
}

static int64_t elements_of(const struct graph *g, enum tensor_role role)
{
    int64_t sum = 0;
    for (int i = 0; i < g->n_tensors; i++)
        if (g->tensors[i]->role == role) sum += tensor_elements(g->tensors[i]);
    return sum;
}

/* MACs and calls of the nodes of kind a or b. */
static int64_t macs_of(const struct graph *g, enum op_kind a, enum op_kind b, int64_t *calls)
{
    int64_t sum = 0;
    *calls = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        enum op_kind k = op_kind_of(g->nodes[i]);
        if (k != a && k != b) continue;
        sum += op_cost(g->nodes[i]).macs;
        ++*calls;
    }
    return sum;
}

static void equal(const struct reference *r, const char *column, int64_t got)
{
    if (got != reference_int(r, column))
        fail_msg("%s at %s: %s is %lld, not %s", reference_text(r, "model"), reference_text(r, "input_h"), column,
                 (long long)got, reference_text(r, column));
}

static void macs_equal(const struct reference *r, const struct graph *g)
{
    static const struct {
        enum op_kind a, b;
        const char *macs, *calls;
    } parts[] = {{KIND_CONV, KIND_POINTWISE, "macs_conv_dense", "n_conv_dense"},
                 {KIND_DEPTHWISE, KIND_DEPTHWISE, "macs_conv_depthwise", "n_conv_depthwise"},
                 {KIND_GROUPED, KIND_GROUPED, "macs_conv_grouped", "n_conv_grouped"},
                 {KIND_LINEAR, KIND_LINEAR, "macs_linear", "n_linear"}};
    int64_t total = 0, calls = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        int64_t macs = macs_of(g, parts[i].a, parts[i].b, &calls);
        equal(r, parts[i].macs, macs);
        equal(r, parts[i].calls, calls);
        total += macs;
    }
    equal(r, "forward_macs", total);
    const char *published = reference_text(r, "published_gmacs");
    if (*published && lround(strtod(published, NULL) * 1000) != lround((double)total / 1e6))
        fail_msg("%s: %s GMACs were published", g->name, published);
}

static void backward_equal(const struct reference *r, const struct graph *g)
{
    gable_error e = {0};
    struct analysis *a = NULL;
    assert_ok(analysis_new(g, NULL, &a, &e), &e);
    equal(r, "backward_data_macs", a->backward.data.macs);
    equal(r, "backward_weight_macs", a->backward.weight.macs);
    assert_null(a->gradients.dead_end);
    analysis_free(a);
}

static int calls_of(const struct graph *g, const char *module, size_t len)
{
    int calls = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        const char *m = g->nodes[i]->module;
        calls += m && strlen(m) == len && !memcmp(m, module, len);
    }
    return calls;
}

/* "Conv2d:20;ReLU:17" and nothing else. */
static void modules_equal(const struct reference *r, const struct graph *g)
{
    int listed = 0, all = 0;
    for (const char *p = reference_text(r, "layers"); *p;) {
        size_t len = strcspn(p, ":");
        int expected = (int)strtol(p + len + 1, NULL, 10), got = calls_of(g, p, len);
        if (got != expected) fail_msg("%s: %d of %.*s, not %d", g->name, got, (int)len, p, expected);
        listed += expected;
        p += strcspn(p, ";");
        p += *p == ';';
    }
    for (int i = 0; i < g->n_nodes; i++) all += g->nodes[i]->module != NULL;
    assert_int_equal(all, listed);
}

static void every_row_is_met(void **state)
{
    (void)state;
    struct reference r;
    int rows = 0;
    reference_open(&r, "reference.csv");
    for (; reference_next(&r); rows++) {
        struct graph *g =
            built(reference_text(&r, "model"), (int)reference_int(&r, "input_h"), (int)reference_int(&r, "input_w"));
        int64_t activations = 0;
        for (int i = 0; i < g->n_nodes; i++)
            if (g->nodes[i]->module) activations += tensor_elements(g->nodes[i]->out[0]);
        equal(&r, "params", elements_of(g, ROLE_WEIGHT));
        equal(&r, "published_params", elements_of(g, ROLE_WEIGHT));
        equal(&r, "buffers_float", elements_of(g, ROLE_BUFFER));
        equal(&r, "activation_elements", activations);
        macs_equal(&r, g);
        backward_equal(&r, g);
        modules_equal(&r, g);
        graph_free(g);
    }
    assert_true(rows >= zoo_size());
}

static void every_model_has_a_row(void **state)
{
    (void)state;
    for (int i = 0; i < zoo_size(); i++) {
        struct reference r;
        bool is_there = false, is_crop_there = false;
        reference_open(&r, "reference.csv");
        while (reference_next(&r)) {
            if (strcmp(reference_text(&r, "model"), zoo_at(i)->id)) continue;
            is_there |= reference_int(&r, "input_h") == 224;
            is_crop_there |= reference_int(&r, "input_h") == zoo_at(i)->published_crop;
        }
        if (!is_there || !is_crop_there) fail_msg("%s has no row at 224 or at its crop", zoo_at(i)->id);
    }
}

static int64_t own_params(const struct node *n)
{
    int64_t sum = 0;
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i]->role == ROLE_WEIGHT) sum += tensor_elements(n->in[i]);
    return sum;
}

static void row_equals_node(const struct reference *r, const struct node *n)
{
    char shape[96] = "";
    size_t len = 0;
    for (int i = 0; i < n->out[0]->shape.rank; i++)
        len += (size_t)snprintf(shape + len, sizeof shape - len, "%s%lld", i ? "x" : "",
                                (long long)n->out[0]->shape.dim[i]);
    assert_string_equal(n->name, reference_text(r, "layer"));
    assert_string_equal(n->module, reference_text(r, "module"));
    assert_string_equal(shape, reference_text(r, "output_shape"));
    assert_int_equal(op_cost(n).macs, reference_int(r, "macs"));
    assert_int_equal(own_params(n), reference_int(r, "params"));
}

static void every_layer_is_met(void **state)
{
    (void)state;
    struct reference r;
    struct graph *g = NULL;
    int node = 0, models = 0;
    reference_open(&r, "layers.csv");
    while (reference_next(&r)) {
        const char *id = reference_text(&r, "model");
        if (!g || strcmp(g->name, id)) {
            graph_free(g);
            g = built(id, 0, 0);
            node = 0;
            models++;
            assert_true(zoo_find(id)->is_in_report);
        }
        while (node < g->n_nodes && !g->nodes[node]->module) node++;
        if (node == g->n_nodes) fail_msg("%s has more layers than the graph", id);
        row_equals_node(&r, g->nodes[node++]);
    }
    graph_free(g);
    assert_int_equal(models, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_met),
        cmocka_unit_test(every_model_has_a_row),
        cmocka_unit_test(every_layer_is_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
