/* Values large enough for tiles, pieces and threads, against the plainest loops. */
#include "check.h"
#include "engine/general/general.h"

#include <math.h>
#include <string.h>

struct node_run {
    struct graph *graph;
    struct general *session;
    const struct value *out;
};

static struct node_run run_node(const char *op, const char *list, int n_listed, const int64_t *listed, int n_in,
                                const struct value *in)
{
    struct node_run r = {.graph = graph_new("g", "test", 1 << 20)};
    struct tensor *operands[3];
    struct cpus cpus;
    gable_error e = {0};
    for (int i = 0; i < n_in; i++)
        operands[i] = graph_input(r.graph, i ? (i == 1 ? "b" : "c") : "a", in[i].dtype, in[i].rank, in[i].dim);
    r.graph->opset = 17;
    struct node *n = graph_node(r.graph, op, "", "n", NULL, n_in, operands, 1);
    if (list) node_set_ints(r.graph, n, list, n_listed, listed);
    graph_output(r.graph, n->out[0]);
    cpus_read("", &cpus);
    assert_ok(general_open(r.graph, NULL, &cpus, &(struct general_options){.threads = 2}, &r.session, &e), &e);
    for (int i = 0; i < n_in; i++) assert_ok(general_set_input(r.session, i, &in[i], &e), &e);
    assert_ok(general_run(r.session, &e), &e);
    r.out = general_output(r.session, 0);
    return r;
}

static void end(struct node_run *r)
{
    general_close(r->session);
    graph_free(r->graph);
}

/* Elements 1, 2, 3 ... modulo a prime, so that misplaced ones are seen. */
static struct value numbered(struct pool *p, enum dtype d, int rank, const int64_t *dim)
{
    struct value v, whole;
    gable_error e = {0};
    assert_ok(value_new(p, DTYPE_S64, rank, dim, &whole, &e), &e);
    assert_ok(value_new(p, d, rank, dim, &v, &e), &e);
    for (int64_t i = 0; i < whole.n; i++) ((int64_t *)whole.data)[i] = i * 7 % 127;
    value_convert(&whole, &v);
    value_release(&whole);
    return v;
}

/* The offset in x of element i of its transpose. */
static int64_t source(const struct value *x, const struct value *y, const int64_t *order, int64_t i)
{
    int64_t offset = 0;
    for (int a = y->rank - 1; a >= 0; a--) {
        offset += i % y->dim[a] * value_count(x, (int)order[a] + 1, x->rank);
        i /= y->dim[a];
    }
    return offset;
}

static void axes_change_places(void **state)
{
    static const struct {
        int rank;
        int64_t dim[4], order[4];
    } cases[] = {
        {2, {300, 70}, {1, 0}},
        {2, {7, 1000}, {1, 0}},
        {2, {1000, 3}, {1, 0}},
        {4, {2, 3, 40, 50}, {0, 2, 3, 1}},
        {4, {2, 40, 50, 3}, {0, 3, 1, 2}},
        {4, {2, 33, 9, 17}, {0, 2, 3, 1}},
        {3, {20, 30, 64}, {1, 0, 2}},
        {4, {5, 6, 7, 8}, {3, 2, 1, 0}},
        {4, {9, 8, 10, 11}, {2, 3, 0, 1}},
    };
    static const enum dtype types[] = {DTYPE_F32, DTYPE_U8, DTYPE_F16, DTYPE_S64};
    (void)state;
    for (size_t k = 0; k < COUNT_OF(cases) * COUNT_OF(types); k++) {
        const int64_t *dim = cases[k / 4].dim, *order = cases[k / 4].order;
        struct pool *p = pool_new(1 << 26);
        struct value x = numbered(p, types[k % 4], cases[k / 4].rank, dim);
        struct node_run r = run_node("Transpose", "perm", x.rank, order, 1, &x);
        for (int64_t i = 0; i < r.out->n; i++)
            if (value_int(r.out, i) != value_int(&x, source(&x, r.out, order, i)))
                fail_msg("case %zu: element %lld", k, (long long)i);
        end(&r);
        value_release(&x);
        pool_free(p);
    }
}

static void long_sums_are_those_of_doubles(void **state)
{
    static const struct {
        int rank;
        int64_t dim[3], n_axes, axes[3];
    } cases[] = {
        {1, {1000003, 0, 0}, 1, {0, 0, 0}}, {2, {200003, 5, 0}, 1, {0, 0, 0}}, {2, {5, 200003, 0}, 1, {1, 0, 0}},
        {3, {64, 3, 5000}, 2, {0, 2, 0}},   {3, {2, 70000, 3}, 1, {1, 0, 0}},  {2, {3, 1500, 0}, 1, {0, 0, 0}},
    };
    (void)state;
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        struct pool *p = pool_new(1 << 26);
        struct value x = numbered(p, DTYPE_F32, cases[k].rank, cases[k].dim);
        struct node_run r = run_node("ReduceMean", "axes", (int)cases[k].n_axes, cases[k].axes, 1, &x);
        double sum[1500] = {0};
        for (int64_t i = 0; i < x.n; i++) {
            int64_t at = 0, rest = i;
            for (int a = 0; a < x.rank; a++) {
                int64_t after = value_count(&x, a + 1, x.rank), index = rest / after;
                rest %= after;
                at = at * r.out->dim[a] + (r.out->dim[a] == 1 ? 0 : index);
            }
            sum[at] += value_real(&x, i);
        }
        for (int64_t i = 0; i < r.out->n; i++) {
            double want = sum[i] / (double)(x.n / r.out->n);
            if (fabs(value_real(r.out, i) - want) > 1e-6 * want)
                fail_msg("case %zu: mean %lld is %.9g, not %.9g", k, (long long)i, value_real(r.out, i), want);
        }
        end(&r);
        value_release(&x);
        pool_free(p);
    }
}

static void broadcasting_reaches_every_element(void **state)
{
    static const struct {
        int64_t a[4], b[4];
    } cases[] = {
        {{2, 30, 40, 50}, {1, 30, 1, 1}}, {{2, 30, 40, 50}, {1, 1, 1, 50}}, {{200, 1, 300, 1}, {1, 7, 1, 2}},
        {{60, 60, 7, 3}, {60, 1, 7, 1}},  {{8, 30, 50, 4}, {8, 30, 50, 1}}, {{1, 1, 1, 3}, {8, 30, 50, 3}},
        {{700, 1, 1, 1}, {1, 1, 1, 9}},   {{1, 1, 1, 1}, {4, 5, 60, 70}},
    };
    (void)state;
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        struct pool *p = pool_new(1 << 26);
        struct value in[] = {numbered(p, DTYPE_F32, 4, cases[k].a), numbered(p, DTYPE_F32, 4, cases[k].b)};
        struct node_run r = run_node("Sub", NULL, 0, NULL, 2, in);
        for (int64_t i = 0; i < r.out->n; i++) {
            int64_t rest = i, at[2] = {0, 0};
            for (int a = 0; a < 4; a++) {
                int64_t after = value_count(r.out, a + 1, 4), index = rest / after;
                rest %= after;
                for (int j = 0; j < 2; j++) at[j] = at[j] * in[j].dim[a] + (in[j].dim[a] == 1 ? 0 : index);
            }
            double want = value_real(&in[0], at[0]) - value_real(&in[1], at[1]);
            if (value_real(r.out, i) != want) fail_msg("case %zu: element %lld", k, (long long)i);
        }
        end(&r);
        value_release(&in[0]);
        value_release(&in[1]);
        pool_free(p);
    }
}

/* Over all exponents: exp, log, tanh, erf, sigmoid as the C library has them in double. */
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static void smooth_functions_are_near(void **state)
{
    static const struct {
        const char *op;
        double (*f)(double);
        double units; /* in the last place of a float */
    } cases[] = {{"Exp", exp, 2}, {"Log", log, 2}, {"Tanh", tanh, 3}, {"Erf", erf, 3}, {"Sigmoid", sigmoid, 3}};
    (void)state;
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        struct pool *p = pool_new(1 << 26);
        struct value x = numbered(p, DTYPE_F32, 1, (const int64_t[]){200000});
        float *v = x.data;
        for (int64_t i = 0; i < x.n; i++)
            v[i] = (i % 2 ? -1.0f : 1.0f) * ldexpf(1 + (float)i / 200000, (int)(i % 27) - 20);
        struct node_run r = run_node(cases[k].op, NULL, 0, NULL, 1, &x);
        for (int64_t i = 0; i < x.n; i++) {
            double want = cases[k].f((double)v[i]), got = value_real(r.out, i);
            if ((want != want && got != got) || fabs(want) > 3.4e38 || fabs(want) < 1e-37) continue;
            if (fabs(got - want) > cases[k].units * 0x1p-23 * fabs(want))
                fail_msg("%s of %.9g is %.9g, not %.9g", cases[k].op, (double)v[i], got, want);
        }
        end(&r);
        value_release(&x);
        pool_free(p);
    }
}

/* Pictures that rise evenly, 100 n + c + 2 y + 3 x: between elements they are as the formula says. */
enum { PICTURES = 2, CHANNELS = 70, HEIGHT = 9, WIDTH = 11, POINTS = 150 };
static double rising(int64_t n, int64_t c, double y, double x) { return 100 * (double)n + (double)c + 2 * y + 3 * x; }
static struct value rising_pictures(struct pool *p, enum dtype d)
{
    struct value x = numbered(p, d, 4, (const int64_t[]){PICTURES, CHANNELS, HEIGHT, WIDTH});
    for (int64_t i = 0; i < x.n; i++) {
        double v = rising(i / (CHANNELS * HEIGHT * WIDTH), i / (HEIGHT * WIDTH) % CHANNELS,
                          (double)(i / WIDTH % HEIGHT), (double)(i % WIDTH));
        if (d == DTYPE_F32)
            ((float *)x.data)[i] = (float)v;
        else
            ((double *)x.data)[i] = v;
    }
    return x;
}
static double point_y(int64_t i) { return 1 + (double)(i % 13) / 2; }
static double point_x(int64_t i) { return 1 + (double)(i % 17) / 2; }
static void expect_rising(const struct value *got, int64_t i, int64_t n, int64_t c, int64_t point)
{
    double want = rising(n, c, point_y(point), point_x(point));
    if (fabs(value_real(got, i) - want) > 1e-5 * want)
        fail_msg("picture %d, channel %d, point %d: %.9g, not %.9g", (int)n, (int)c, (int)point, value_real(got, i),
                 want);
}

static void points_between_elements_are_interpolated(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct pool *p = pool_new(1 << 26);
        enum dtype d = k ? DTYPE_F64 : DTYPE_F32;
        struct value in[] = {rising_pictures(p, d),
                             numbered(p, DTYPE_F32, 4, (const int64_t[]){PICTURES, POINTS, 1, 2})};
        float *grid = in[1].data; /* -1 and 1 are the outer edges */
        for (int64_t i = 0; i < PICTURES * POINTS; i++) {
            grid[2 * i] = (float)((2 * point_x(i % POINTS) + 1) / WIDTH - 1);
            grid[2 * i + 1] = (float)((2 * point_y(i % POINTS) + 1) / HEIGHT - 1);
        }
        struct node_run r = run_node("GridSample", NULL, 0, NULL, 2, in);
        for (int64_t i = 0; i < r.out->n; i++)
            expect_rising(r.out, i, i / (CHANNELS * POINTS), i / POINTS % CHANNELS, i % POINTS);
        end(&r);
        for (int i = 0; i < 2; i++) value_release(&in[i]);
        pool_free(p);
    }
}

/* The mean over a region that lies inside is the value at its centre. */
static void regions_are_means_around_their_centres(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct pool *p = pool_new(1 << 26);
        enum dtype d = k ? DTYPE_F64 : DTYPE_F32;
        struct value in[] = {rising_pictures(p, d), numbered(p, DTYPE_F64, 2, (const int64_t[]){POINTS, 4}),
                             numbered(p, DTYPE_S64, 1, (const int64_t[]){POINTS})},
                     rois = numbered(p, d, 2, (const int64_t[]){POINTS, 4});
        double *box = in[1].data;
        for (int64_t i = 0; i < POINTS; i++) {
            double half = 0.25 + (double)(i % 5) / 8;
            const double of[] = {point_x(i) + 0.5 - half, point_y(i) + 0.5 - half, point_x(i) + 0.5 + half,
                                 point_y(i) + 0.5 + half};
            memcpy(box + 4 * i, of, sizeof of);
            ((int64_t *)in[2].data)[i] = i % PICTURES;
        }
        value_convert(&in[1], &rois);
        value_release(&in[1]);
        in[1] = rois;
        struct node_run r = run_node("RoiAlign", NULL, 0, NULL, 3, in);
        for (int64_t i = 0; i < r.out->n; i++)
            expect_rising(r.out, i, i / CHANNELS % PICTURES, i % CHANNELS, i / CHANNELS);
        end(&r);
        for (int i = 0; i < 3; i++) value_release(&in[i]);
        pool_free(p);
    }
}

/* Every half, and the floats around the middle of each two: rows convert as single values do. */
static void rows_of_halves_are_as_single_ones(void **state)
{
    static const enum dtype types[] = {DTYPE_F16, DTYPE_BF16};
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct pool *p = pool_new(1 << 26);
        const int64_t n = 1 << 16;
        struct value half, wide, back;
        gable_error e = {0};
        assert_ok(value_new(p, types[k], 1, &n, &half, &e), &e);
        assert_ok(value_new(p, types[k], 1, &n, &back, &e), &e);
        assert_ok(value_new(p, DTYPE_F32, 1, &n, &wide, &e), &e);
        uint16_t *h = half.data, *b = back.data;
        float *w = wide.data;
        for (int64_t i = 0; i < n; i++) h[i] = (uint16_t)i;
        value_convert(&half, &wide);
        for (int64_t i = 0; i < n; i++) {
            float want = k ? bfloat_to_float(h[i]) : half_to_float(h[i]);
            assert_memory_equal(&w[i], &want, sizeof want);
        }
        for (int step = -2; step <= 2; step++) {
            for (int64_t i = 0; i < n; i++) {
                float next = k ? bfloat_to_float((uint16_t)(i + 1)) : half_to_float((uint16_t)(i + 1));
                uint32_t bits;
                w[i] = 0.5f * (k ? bfloat_to_float(h[i]) : half_to_float(h[i])) + 0.5f * next;
                memcpy(&bits, &w[i], sizeof bits);
                bits += (uint32_t)step;
                memcpy(&w[i], &bits, sizeof bits);
            }
            value_convert(&wide, &back);
            for (int64_t i = 0; i < n; i++) assert_int_equal(b[i], k ? bfloat_from_float(w[i]) : half_from_float(w[i]));
        }
        value_release(&half);
        value_release(&wide);
        value_release(&back);
        pool_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(axes_change_places),
                                       cmocka_unit_test(long_sums_are_those_of_doubles),
                                       cmocka_unit_test(broadcasting_reaches_every_element),
                                       cmocka_unit_test(smooth_functions_are_near),
                                       cmocka_unit_test(rows_of_halves_are_as_single_ones),
                                       cmocka_unit_test(points_between_elements_are_interpolated),
                                       cmocka_unit_test(regions_are_means_around_their_centres)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
