/* Batches, sizes and types: what holds for every model, and what is refused. */
#include "check.h"
#include "engine/plan/groups.h"
#include "zoo/zoo.h"

#include <string.h>

struct built {
    struct graph *graph;
    struct analysis *analysis;
};

static struct built build(const char *id, struct zoo_options o)
{
    gable_error e = {0};
    struct built b = {0};
    struct grouping grouping;
    assert_ok(zoo_build(id, &o, &b.graph, &e), &e);
    assert_ok(groups_find(b.graph, &grouping, &e), &e);
    assert_ok(analysis_new(b.graph, &grouping, &b.analysis, &e), &e);
    return b;
}

static void release(struct built b)
{
    analysis_free(b.analysis);
    graph_free(b.graph);
}

/* So much per image; with attention also what is there once (masks, the biases of a window's places): then by equal
   steps. */
static void grows(const struct zoo_model *m, const char *what, count one, count four, count seven)
{
    bool is_right = m->has_attention ? seven - four == four - one : four == 4 * one && seven == 7 * one;
    if (!is_right)
        fail_msg("%s: %s of %lld, %lld and %lld for 1, 4 and 7 images", m->id, what, (long long)one, (long long)four,
                 (long long)seven);
}

/* Work and activations grow with the batch; weights do not, and are read once for all images. */
static void a_batch_multiplies_work_and_shares_weights(void **state)
{
    (void)state;
    for (int i = 0; i < zoo_size(); i++) {
        static const int batches[] = {1, 4, 7};
        const struct zoo_model *m = zoo_at(i);
        const struct analysis *a[3];
        struct built b[3];
        for (int k = 0; k < 3; k++) {
            b[k] = build(m->id, (struct zoo_options){.batch = batches[k]});
            a[k] = b[k].analysis;
            assert_int_equal(a[k]->batch, batches[k]);
            assert_int_equal(a[k]->total.macs, batches[k] * a[0]->total.macs);
            assert_int_equal(a[k]->params, a[0]->params);
            assert_int_equal(a[k]->memory.weights, a[0]->memory.weights);
        }
#define GROWS(what, minus) grows(m, #what, a[0]->what - (minus), a[1]->what - (minus), a[2]->what - (minus))
        GROWS(total.flops, 0);
        GROWS(memory.activations, 0);
        GROWS(memory.peak_live, 0);
        GROWS(bytes.ideal, a[0]->memory.weights);
        GROWS(bytes.fused, a[0]->memory.weights);
        for (int k = 0; k < 3; k++) release(b[k]);
    }
}

/* Half the bits, half the bytes, the same work. */
static void a_type_changes_bytes_alone(void **state)
{
    (void)state;
    for (int i = 0; i < zoo_size(); i++) {
        struct built full = build(zoo_at(i)->id, (struct zoo_options){.dtype = DTYPE_F32});
        struct built half = build(zoo_at(i)->id, (struct zoo_options){.dtype = DTYPE_BF16});
        assert_int_equal(full.analysis->total.flops, half.analysis->total.flops);
        assert_int_equal(full.analysis->memory.peak_live, 2 * half.analysis->memory.peak_live);
        count more = 2 * half.analysis->bytes.unfused - full.analysis->bytes.unfused; /* of indices and truths */
        assert_true(zoo_at(i)->has_attention ? more >= 0 && more < full.analysis->bytes.unfused / 50 : more == 0);
        assert_int_equal(2 * half.analysis->bytes.fused - full.analysis->bytes.fused, more);
        release(full);
        release(half);
    }
}

/* ideal <= fused <= unfused; parts add up to totals; 2 x MACs <= FLOPs; live <= all activations + the input. */
static void totals_are_consistent(void **state)
{
    (void)state;
    for (int i = 0; i < zoo_size(); i++) {
        struct built b = build(zoo_at(i)->id, (struct zoo_options){0});
        const struct analysis *a = b.analysis;
        struct cost kinds = {0}, groups = {0};
        count kind_bytes = 0, params = 0;
        for (int k = 0; k < KIND_N; k++) {
            kinds = cost_add(kinds, a->kinds[k].cost);
            kind_bytes += a->kinds[k].bytes;
            params += a->kinds[k].params;
        }
        for (int k = 0; k < a->n_groups; k++) {
            groups = cost_add(groups, a->group_cost[k]);
            assert_true(a->group_bytes[k] > 0);
        }
        assert_true(a->bytes.ideal <= a->bytes.fused && a->bytes.fused <= a->bytes.unfused);
        assert_true(a->bytes.fused < a->bytes.unfused || zoo_at(i)->has_attention);
        assert_int_equal(kinds.macs, a->total.macs);
        assert_int_equal(groups.macs, a->total.macs);
        assert_int_equal(kinds.flops, a->total.flops);
        assert_int_equal(groups.flops, a->total.flops);
        assert_int_equal(kind_bytes, a->bytes.unfused);
        assert_int_equal(params, a->params);
        assert_true(a->total.flops > 2 * a->total.macs);
        assert_true(a->memory.peak_live <= a->memory.activations + tensor_bytes(b.graph->inputs[0]));
        release(b);
    }
}

/* From one pixel up: refused with the node's name, or whole; once accepted, larger sizes are too. */
static void every_size_is_built_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int least; /* the smallest square that the architecture can take */
    } limits[] = {
        {"alexnet", 63}, /* 63 -> 15 -> 7 -> 3 -> 1; 62 -> 14 -> 6 -> 2, too little for the third pool of 3 */
        {"vgg16", 32},   /* five halvings */
        {"squeezenet1_0", 21},
        /* 21 -> 8 -> 4 -> 2 -> 1: ceil_mode pools 2 pixels, not 1 */ {"squeezenet1_1", 17},
        /* 17 -> 8 -> 4 -> 2 -> 1 */ {"resnet18", 1},
        {"mobilenet_v2", 1},
        {"efficientnet_b0", 1},
        {"shufflenet_v2_x1_0", 1},
    };
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        for (int side = 1; side < 80; side++) {
            gable_error e = {0};
            struct graph *g = NULL;
            gable_status s = zoo_build(limits[i].id, &(struct zoo_options){.height = side, .width = side + 3}, &g, &e);
            if (!s != (side >= limits[i].least)) fail_msg("%s at %d: %s %s", limits[i].id, side, e.where, e.why);
            if (s) {
                assert_int_equal(s, GABLE_BAD_INPUT);
                assert_contains(e.where, "node ");
                assert_contains(e.why, "too small");
                assert_null(g);
            } else {
                assert_int_equal(g->outputs[0]->shape.dim[1], 1000);
            }
            graph_free(g);
        }
}

static void odd_sizes_are_built(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *none = NULL;
    assert_int_equal(zoo_build("vit_b_16", &(struct zoo_options){.height = 301}, &none, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "both sides must be multiples of 16");
    assert_contains(e.where, "vit_b_16 at 301x224");
    for (int i = 0; i < zoo_size(); i++) {
        if (!strcmp(zoo_at(i)->family, "vit")) continue;
        struct built b = build(zoo_at(i)->id, (struct zoo_options){.batch = 2, .height = 301, .width = 97});
        assert_int_equal(b.graph->outputs[0]->shape.dim[0], 2);
        assert_int_equal(b.graph->outputs[0]->shape.dim[1], 1000);
        release(b);
    }
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        struct zoo_options options;
        const char *sentence;
    } cases[] = {
        {"resnt18", {0}, "did you mean 'resnet18'"},
        {"", {0}, "there is no model ''"},
        {"resnet18", {.batch = -1}, "the batch is -1"},
        {"resnet18", {.batch = 1 << 20}, "the batch is 1048576"},
        {"resnet18", {.height = -5}, "the input height is -5"},
        {"resnet18", {.width = 1 << 30}, "the input width is"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        gable_error e = {0};
        struct graph *g = NULL;
        assert_int_equal(zoo_build(cases[i].id, &cases[i].options, &g, &e), GABLE_USAGE);
        assert_contains(e.why, cases[i].sentence);
        assert_null(g);
    }
}

static bool is_same(const char *a, const char *b) { return !strcmp(a, b); }

/* Names: torch's for parameters, no tensor's twice. */
static void names_are_unique_and_torchs(void **state)
{
    (void)state;
    static const char *const expected[] = {"features.1.0.block.1.fc1.weight", "features.0.1.running_var",
                                           "features.8.1.bias", "classifier.1.weight"};
    size_t found = 0;
    for (int i = 0; i < zoo_size(); i++) {
        gable_error e = {0};
        struct graph *g = NULL;
        assert_ok(zoo_build(zoo_at(i)->id, NULL, &g, &e), &e);
        for (int a = 0; a < g->n_tensors; a++) {
            for (int b = a + 1; b < g->n_tensors; b++)
                if (is_same(g->tensors[a]->name, g->tensors[b]->name))
                    fail_msg("%s: two tensors are called %s", g->name, g->tensors[a]->name);
            for (size_t k = 0; k < COUNT_OF(expected) && is_same(g->name, "efficientnet_b0"); k++)
                found += is_same(g->tensors[a]->name, expected[k]);
        }
        graph_free(g);
    }
    assert_int_equal(found, COUNT_OF(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_multiplies_work_and_shares_weights),
        cmocka_unit_test(a_type_changes_bytes_alone),
        cmocka_unit_test(totals_are_consistent),
        cmocka_unit_test(every_size_is_built_or_refused),
        cmocka_unit_test(odd_sizes_are_built),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(names_are_unique_and_torchs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
