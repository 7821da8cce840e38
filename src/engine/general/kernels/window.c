/* HannWindow, HammingWindow, BlackmanWindow: sums of cosines over n places; MelWeightMatrix: triangles over bins. */
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>

/* Output 0 of the type that "output_datatype" asks for, and room for its values as doubles. */
static gable_status make_as_asked(struct call *c, int rank, const int64_t *dim, struct value *exact)
{
    enum dtype d = operand_dtype(node_int(c->node, "output_datatype", 1));
    if (d == DTYPE_UNDEFINED || d == DTYPE_STRING || d == DTYPE_BOOL)
        return call_refuse(c, "does not make values of the type that is asked for");
    gable_status s = call_make(c, 0, d, rank, dim);
    return s ? s : call_temporary(c, DTYPE_F64, rank, dim, exact);
}

/* y[i] = a - b cos(2 pi i / period) + d cos(4 pi i / period); the period is n, or n - 1 where both ends are alike. */
static gable_status make_window(struct call *c, double a, double b, double d)
{
    int64_t n = 0;
    struct value exact = {.kind = VALUE_ABSENT};
    gable_status s = operand_tensors(c, 1);
    if (!s) s = operand_int(c, 0, &n);
    if (!s && n < 0) s = call_refuse(c, "a window of %" PRId64 " places", n);
    if (!s) s = make_as_asked(c, 1, &n, &exact);
    if (s) return s;
    double *y = exact.data, period = (double)(node_int(c->node, "periodic", 1) ? n : n - 1);
    for (int64_t i = 0; i < exact.n; i++) {
        double turn = 2 * M_PI * (double)i / period;
        y[i] = period > 0 ? a - b * cos(turn) + d * cos(2 * turn) : 1; /* one place alone has no period: numpy's 1 */
    }
    value_convert(&exact, c->out[0]);
    return GABLE_OK;
}
static gable_status run_hann(struct call *c) { return make_window(c, 0.5, 0.5, 0); }
static gable_status run_hamming(struct call *c) { return make_window(c, 25.0 / 46, 21.0 / 46, 0); }
static gable_status run_blackman(struct call *c) { return make_window(c, 0.42, 0.5, 0.08); }

struct mel {
    int64_t bins, columns; /* of the spectrum; of mel */
    double length, rate, low_mel, step;
};
static double mel_of_hertz(double hertz) { return 2595 * log10(1 + hertz / 700); }
static int64_t bin_at(const struct mel *m, int64_t place) /* the bin that holds this place of the mel scale */
{
    double hertz = 700 * (pow(10, ((double)place * m->step + m->low_mel) / 2595) - 1);
    int64_t bin = (int64_t)floor((m->length + 1) * hertz / m->rate);
    return bin < 0 ? 0 : bin < m->bins ? bin : m->bins - 1;
}

/* A triangle over bins, up from `left` to `centre`, down to `right`; a side without width is a step. */
static void draw_triangle(const struct mel *m, int64_t column, double *y)
{
    int64_t left = bin_at(m, column), centre = bin_at(m, column + 1), right = bin_at(m, column + 2);
    for (int64_t i = left; i <= centre; i++)
        y[i * m->columns + column] = centre == left ? 1 : (double)(i - left) / (double)(centre - left);
    for (int64_t i = centre; i < right; i++)
        y[i * m->columns + column] = (double)(right - i) / (double)(right - centre);
}

static gable_status read_mel(struct call *c, struct mel *m)
{
    int64_t length = 0, rate = 0;
    gable_status s = operand_tensors(c, 5);
    if (!s) s = operand_int(c, 0, &m->columns);
    if (!s) s = operand_int(c, 1, &length);
    if (!s) s = operand_int(c, 2, &rate);
    if (!s && (c->in[3]->n != 1 || c->in[4]->n != 1)) s = call_refuse(c, "each edge is one number");
    if (s) return s;
    double low = value_real(c->in[3], 0), high = value_real(c->in[4], 0);
    if (m->columns < 0 || m->columns > INT32_MAX || length < 1 || length > INT32_MAX || rate < 1)
        return call_refuse(c, "%" PRId64 " mel bins of %" PRId64 " samples at %" PRId64 " a second", m->columns, length,
                           rate);
    if (!(low >= 0 && high >= low && high <= (double)rate / 2))
        return call_refuse(c, "edges of %g and %g Hz, they lie between 0 and half of %" PRId64, low, high, rate);
    m->bins = length / 2 + 1;
    m->length = (double)length;
    m->rate = (double)rate;
    m->low_mel = mel_of_hertz(low);
    m->step = (mel_of_hertz(high) - m->low_mel) / (double)(m->columns + 2);
    return GABLE_OK;
}

static gable_status run_mel(struct call *c)
{
    struct mel m = {0};
    struct value exact = {.kind = VALUE_ABSENT};
    gable_status s = read_mel(c, &m);
    if (!s) s = make_as_asked(c, 2, (const int64_t[]){m.bins, m.columns}, &exact);
    if (s) return s;
    double *y = exact.data;
    for (int64_t i = 0; i < exact.n; i++) y[i] = 0;
    for (int64_t i = 0; i < m.columns; i++) draw_triangle(&m, i, y);
    value_convert(&exact, c->out[0]);
    return s;
}

const struct kernel kernels_window[] = {
    {.op = "HannWindow", .domain = "", .run = run_hann},
    {.op = "HammingWindow", .domain = "", .run = run_hamming},
    {.op = "BlackmanWindow", .domain = "", .run = run_blackman},
    {.op = "MelWeightMatrix", .domain = "", .run = run_mel},
    {0},
};
