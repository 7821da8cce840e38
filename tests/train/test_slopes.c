/* The slopes of activations, in every instruction set, beside the derivatives of their definitions. */
#include "check.h"
#include "engine/train/kernels/train_kernels.h"

#include <math.h>

enum { N = 16 * 60 };

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double relu(double x) { return x > 0; }
static double clip(double x) { return x > -1 && x < 2; }
static double hard_swish(double x) { return x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5; }
static double scaled_hard_swish(double x) { return 1.25 * hard_swish(x); }
static double swish(double x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }
static double logistic(double x) { return sigmoid(x) * (1 - sigmoid(x)); }
static double hard_sigmoid(double x) { return fabs(x) < 2.5 ? 0.2 : 0; }
/* of x Phi(x): Phi(x) + x phi(x) */
static double gelu(double x) { return 0.5 * erfc(-x / sqrt(2)) + x * exp(-x * x / 2) / sqrt(2 * M_PI); }

static const struct {
    const char *what;
    struct activation act;
    double (*slope)(double x);
} rows[] = {
    {"relu", {ACT_RELU, 0, 0}, relu},
    {"clip", {ACT_CLIP, -1, 2}, clip},
    {"hard swish", {ACT_HARD_SWISH, 0, 0}, hard_swish},
    {"scaled hard swish", {ACT_SCALED_HARD_SWISH, 1.25F, 0.5F}, scaled_hard_swish},
    {"swish", {ACT_SWISH, 0, 0}, swish},
    {"gelu", {ACT_GELU, 0, 0}, gelu},
    {"sigmoid", {ACT_SIGMOID, 0, 0}, logistic},
    {"hard sigmoid", {ACT_HARD_SIGMOID, 0.2F, 0.5F}, hard_sigmoid},
};

/* None of them is a place where a slope jumps. */
static float place(int i) { return -12 + 0.025F * (float)i + 0.0125F; }

static void check(const struct train_kernels *k, size_t row)
{
    float x[N], dy[N], dx[N];
    for (int i = 0; i < N; i++) {
        x[i] = place(i);
        dy[i] = 1.5F - (float)(i % 7);
    }
    k->activate_back(rows[row].act, false, x, dy, N, dx);
    for (int i = 0; i < N; i++) {
        double want = (double)dy[i] * rows[row].slope((double)x[i]);
        if (!(fabs((double)dx[i] - want) <= 1e-6 * fabs((double)dy[i])))
            fail_msg("%s, %s at %g: %g, not %g", isa_name(k->isa), rows[row].what, (double)x[i], (double)dx[i], want);
    }
}

static void slopes_are_the_derivatives(void **state)
{
    (void)state;
    for (enum isa isa = ISA_PLAIN; isa < ISA_N; isa++)
        for (size_t row = 0; row < COUNT_OF(rows) && isa_is_here(isa); row++) check(train_kernels_for(isa), row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(slopes_are_the_derivatives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
