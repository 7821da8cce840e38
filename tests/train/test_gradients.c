/* Gradients against finite differences: along each parameter's own gradient and along a random direction. */
#include "small.h"
#include "trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct probe {
    struct trained *t;
    int tensor;
    size_t n;
    float *direction, *before;
};
static double loss_at(const struct probe *p, double step)
{
    gable_error e = {0};
    double loss = 0;
    float *w = trainer_values(p->t->trainer, VALUE_WEIGHT, p->tensor);
    for (size_t i = 0; i < p->n; i++) w[i] = (float)((double)p->before[i] + step * (double)p->direction[i]);
    assert_ok(trainer_gradients(p->t->trainer, &loss, &e), &e);
    return loss;
}
/* The slope along the direction (of length 1) by central differences; smaller steps where a kink lies in between. */
static void compare(const struct probe *p, const char *name, double expected, double scale)
{
    double best = 1e30, found = 0;
    double allowed = 0.01 * scale + 2e-5;
    for (double h = 0.02; h > 0.0005 && best > allowed; h /= 2) {
        double slope = (loss_at(p, h) - loss_at(p, -h)) / (2 * h);
        if (fabs(slope - expected) < best) {
            best = fabs(slope - expected);
            found = slope;
        }
    }
    loss_at(p, 0);
    if (best > allowed)
        fail_msg("%s, %s: slope %g, the gradient says %g", name, p->t->graph->tensors[p->tensor]->name, found,
                 expected);
}
static double length(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}
static void check_tensor(struct trained *t, const char *name, int tensor)
{
    size_t n = (size_t)tensor_elements(t->graph->tensors[tensor]);
    float *gradient = malloc(n * sizeof *gradient);
    struct probe p = {.t = t, .tensor = tensor, .n = n, .direction = malloc(n * sizeof(float))};
    p.before = malloc(n * sizeof(float));
    assert_true(gradient && p.direction && p.before);
    memcpy(p.before, trainer_values(t->trainer, VALUE_WEIGHT, tensor), n * sizeof(float));
    memcpy(gradient, trainer_values(t->trainer, VALUE_GRADIENT, tensor), n * sizeof(float));
    double whole = length(gradient, n), along = 0;
    for (size_t i = 0; i < n; i++) p.direction[i] = whole > 0 ? (float)((double)gradient[i] / whole) : 0;
    compare(&p, name, whole, whole);
    weights_normal(77, n, p.direction);
    double size = length(p.direction, n);
    for (size_t i = 0; i < n; i++) {
        p.direction[i] = (float)((double)p.direction[i] / size);
        along += (double)p.direction[i] * (double)gradient[i];
    }
    compare(&p, name, along, whole);
    free(gradient);
    free(p.direction);
    free(p.before);
}
static void check(const struct small *s, struct trainer_options o)
{
    gable_error e = {0};
    double loss;
    struct trained t = trained_graph(small_graph(s), o);
    assert_ok(trainer_gradients(t.trainer, &loss, &e), &e);
    for (int i = 0; i < t.graph->n_tensors; i++)
        if (trainer_values(t.trainer, VALUE_GRADIENT, i)) check_tensor(&t, s->name, i);
    trained_close(&t);
}
static void every_operator_agrees_with_differences(void **state)
{
    (void)state;
    for (int i = 0; small_at(i); i++) check(small_at(i), (struct trainer_options){.loss = LOSS_MSE});
}
static void instruction_sets_give_the_same_gradients(void **state)
{
    (void)state;
    for (int i = 0; small_at(i); i++) {
        struct trained best = trained_graph(small_graph(small_at(i)), (struct trainer_options){.loss = LOSS_MSE});
        gable_error e = {0};
        double loss;
        assert_ok(trainer_gradients(best.trainer, &loss, &e), &e);
        for (enum isa isa = ISA_PLAIN; isa < ISA_N; isa++) {
            if (!isa_is_here(isa)) continue;
            struct trainer_options o = {.loss = LOSS_MSE, .isa = isa, .threads = 1};
            struct trained other = trained_graph(small_graph(small_at(i)), o);
            assert_ok(trainer_gradients(other.trainer, &loss, &e), &e);
            for (int t = 0; t < best.graph->n_tensors; t++) {
                const float *a = trainer_values(best.trainer, VALUE_GRADIENT, t);
                const float *b = trainer_values(other.trainer, VALUE_GRADIENT, t);
                size_t n = a ? (size_t)tensor_elements(best.graph->tensors[t]) : 0;
                double scale = a ? length(a, n) : 0;
                for (size_t k = 0; k < n; k++)
                    if (fabs((double)a[k] - (double)b[k]) > 1e-4 * scale + 1e-6)
                        fail_msg("%s, %s: %s differs", small_at(i)->name, isa_name(isa), best.graph->tensors[t]->name);
            }
            trained_close(&other);
        }
        trained_close(&best);
    }
}
static void cross_entropy_agrees_with_differences(void **state)
{
    (void)state;
    for (int i = 0; small_at(i); i++)
        if (!strcmp(small_at(i)->name, "classes")) check(small_at(i), (struct trainer_options){0});
}
/* Recomputing changes nothing, not by a bit. */
static void recomputation_gives_the_same_gradients(void **state)
{
    (void)state;
    for (int i = 0; small_at(i); i++) {
        struct trained kept = trained_graph(small_graph(small_at(i)), (struct trainer_options){.loss = LOSS_MSE});
        gable_error e = {0};
        double loss;
        assert_ok(trainer_gradients(kept.trainer, &loss, &e), &e);
        for (enum recompute r = RECOMPUTE_CHEAP; r <= RECOMPUTE_CHECKPOINT; r++) {
            struct trainer_options o = {.loss = LOSS_MSE, .recompute = r};
            struct trained again = trained_graph(small_graph(small_at(i)), o);
            assert_ok(trainer_gradients(again.trainer, &loss, &e), &e);
            for (int t = 0; t < kept.graph->n_tensors; t++) {
                const float *a = trainer_values(kept.trainer, VALUE_GRADIENT, t);
                size_t n = (size_t)tensor_elements(kept.graph->tensors[t]);
                if (a && memcmp(a, trainer_values(again.trainer, VALUE_GRADIENT, t), n * sizeof *a) != 0)
                    fail_msg("%s, recompute %d: %s", small_at(i)->name, (int)r, kept.graph->tensors[t]->name);
            }
            trained_close(&again);
        }
        trained_close(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_agrees_with_differences),
        cmocka_unit_test(instruction_sets_give_the_same_gradients),
        cmocka_unit_test(cross_entropy_agrees_with_differences),
        cmocka_unit_test(recomputation_gives_the_same_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
