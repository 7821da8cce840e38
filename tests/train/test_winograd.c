/* Every 3x3 convolution by Winograd against every one by the formula: outputs with bias, relu and padded channels, the
   gradients of data that are written or added, the gradients of filters. */
#include "engine/train/session.h"
#include "small.h"
#include "trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void choose(struct trainer *t, bool is_winograd)
{
    const struct train_plan *plan = trainer_session(t)->plan;
    for (int i = 0; i < plan->n_parts; i++)
        for (int pass = 0; pass < 3 && plan->parts[i]->may_be_winograd; pass++)
            plan->parts[i]->is_winograd[pass] = is_winograd;
}
static float *all_gradients(struct trained *t, double *loss)
{
    const struct train_plan *plan = trainer_session(t->trainer)->plan;
    float *kept = malloc(plan->n_trained * sizeof *kept);
    gable_error e = {0};
    assert_non_null(kept);
    assert_ok(trainer_gradients(t->trainer, loss, &e), &e);
    memcpy(kept, trainer_session(t->trainer)->gradients, plan->n_trained * sizeof *kept);
    return kept;
}
/* Whole and partial blocks and tiles, more tiles than are multiplied at once; nothing with a kink but one relu. */
static layer network(struct graph *g, layer x, int channels)
{
    layer first = small_conv(g, x, 37, 1, 1, 0, 1, true);
    layer bent = small_node(g, "Relu", small_conv(g, first, channels, 3, 1, 1, 1, true));
    layer joined = small_both(g, "Add", small_conv(g, bent, channels, 3, 1, 1, 1, false), bent);
    return small_conv(g, joined, 20, 3, 1, 1, 1, true);
}
static struct graph *built(int channels, int size)
{
    gable_error e = {0};
    struct graph *g = graph_new("winograd", "test", 1 << 24);
    layer x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){5, 5, size, size + 1});
    graph_output(g, network(g, x, channels));
    assert_ok(graph_check(g, &e), &e);
    return g;
}
static void compare(struct trainer_options o)
{
    bool is_slow = o.isa == ISA_PLAIN; /* oneDNN has but loops for it */
    struct trained t = trained_graph(is_slow ? built(10, 10) : built(88, 38), o);
    size_t n = trainer_session(t.trainer)->plan->n_trained;
    double direct_loss, loss, off = 0, all = 0;
    choose(t.trainer, false);
    float *direct = all_gradients(&t, &direct_loss);
    choose(t.trainer, true);
    float *fast = all_gradients(&t, &loss);
    for (size_t i = 0; i < n; i++) {
        double d = (double)fast[i] - (double)direct[i];
        off += d * d;
        all += (double)direct[i] * (double)direct[i];
    }
    if (!(fabs(loss - direct_loss) < 1e-5 * direct_loss)) fail_msg("loss %.9g, not %.9g", loss, direct_loss);
    if (!(sqrt(off) < 1e-4 * sqrt(all))) fail_msg("%s: off by %.2g", isa_name(o.isa), sqrt(off / all));
    assert_true(off > 0); /* another order of sums */
    free(direct);
    free(fast);
    trained_close(&t);
}
static void winograd_gives_what_the_formula_gives(void **state)
{
    (void)state;
    for (enum isa isa = ISA_PLAIN; isa < ISA_N; isa++)
        for (int threads = 1; threads <= 2 && isa_is_here(isa); threads++)
            compare((struct trainer_options){.isa = isa, .threads = threads, .loss = LOSS_MSE, .tune = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(winograd_gives_what_the_formula_gives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
