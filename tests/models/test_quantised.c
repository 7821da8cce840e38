/* A convolution between pairs of QuantizeLinear and DequantizeLinear, as quantising tools write int8 models. Scales are
   powers of two: every value is exact, and must come out so. */
#include "check.h"
#include "small.h"

#include <math.h>
#include <stdio.h>

enum { IN = 2, OUT = 3, SIZE = 5, KERNEL = 3, LEFT = SIZE - KERNEL + 1 };

static struct tensor *whole(struct graph *g, enum dtype d, int rank, const int64_t *dim, const int64_t *values)
{
    char name[32];
    snprintf(name, sizeof name, "q%d", g->n_tensors);
    struct tensor *t = graph_initializer(g, name, ROLE_WEIGHT, d, rank, dim);
    t->ints = values;
    return t;
}
static struct tensor *scale(struct graph *g, double value)
{
    char name[32];
    snprintf(name, sizeof name, "s%d", g->n_tensors);
    return graph_constant_real(g, name, DTYPE_F32, value);
}

/* To u8 and back. */
struct steps {
    double scale;
    int64_t zero;
};
static struct tensor *there_and_back(struct graph *g, struct tensor *x, const struct steps *s)
{
    struct tensor *by = scale(g, s->scale), *zero = whole(g, DTYPE_U8, 0, NULL, &s->zero);
    x = small_node(g, "QuantizeLinear", 3, (struct tensor *[]){x, by, zero});
    return small_node(g, "DequantizeLinear", 3, (struct tensor *[]){x, by, zero});
}
/* Rounded to even, within u8. */
static double rounded(double x, const struct steps *s)
{
    double q = rint(x / s->scale) + (double)s->zero;
    q = q < 0 ? 0 : q > 255 ? 255 : q;
    return (q - (double)s->zero) * s->scale;
}

static void a_convolution_of_8_bits(void **state)
{
    (void)state;
    static const struct steps first = {0.5, 2}, last = {2, 3}; /* some values lie beyond 0 */
    static const double scales[OUT] = {0.25, 0.5, 1};
    static int64_t weights[OUT * IN * KERNEL * KERNEL];
    double want[OUT * LEFT * LEFT];
    struct graph *g = small_new();
    for (int i = 0; i < OUT * IN * KERNEL * KERNEL; i++) weights[i] = i * 37 % 25 - 12;
    struct tensor *x = there_and_back(g, small_input(g, 4, (const int64_t[]){1, IN, SIZE, SIZE}), &first);
    struct tensor *by = small_weights(g, 1, (const int64_t[]){OUT}),
                  *bias = small_weights(g, 1, (const int64_t[]){OUT});
    by->reals = scales;
    struct tensor *w = whole(g, DTYPE_S8, 4, (const int64_t[]){OUT, IN, KERNEL, KERNEL}, weights);
    w = small_node(g, "DequantizeLinear", 2, (struct tensor *[]){w, by});
    node_set_int(g, w->producer, "axis", 0);
    struct tensor *y = there_and_back(g, small_node(g, "Conv", 3, (struct tensor *[]){x, w, bias}), &last);
    for (int i = 0; i < OUT * LEFT * LEFT; i++) {
        int channel = i / (LEFT * LEFT), row = i / LEFT % LEFT, column = i % LEFT;
        double sum = small_w(bias, channel);
        for (int k = 0; k < IN * KERNEL * KERNEL; k++) {
            int at = (k / (KERNEL * KERNEL) * SIZE + row + k / KERNEL % KERNEL) * SIZE + column + k % KERNEL;
            double weight = (double)weights[channel * IN * KERNEL * KERNEL + k] * scales[channel];
            sum += rounded(small_x(at), &first) * weight;
        }
        want[i] = rounded(sum, &last);
    }
    small_check(g, y, (count)OUT * LEFT * LEFT * IN * KERNEL * KERNEL, OUT * LEFT * LEFT, want, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_convolution_of_8_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
