/* MatMulInteger, ConvInteger, QLinearMatMul, QLinearConv: numbers of 8 bits less their zero points, as f32; sums of so
   many products as f32 holds exactly, added up as s32. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/whole.h"

#include <inttypes.h>
#include <math.h>

/* One zero point for all, for each row, for each column (of each matrix), or for each filter. */
enum along { ALONG_ROWS, ALONG_COLUMNS };

static bool is_byte(const struct value *v) { return v->dtype == DTYPE_U8 || v->dtype == DTYPE_S8; }

static gable_status check_bytes(struct call *c, int i, int zero)
{
    if (!is_byte(c->in[i]))
        return call_refuse(c, "input %d is of type %s, not u8 or s8", i, dtype_name(c->in[i]->dtype));
    if (call_has(c, zero) && c->in[zero]->dtype != c->in[i]->dtype)
        return call_refuse(c, "input %d is of type %s, its zero point of %s", i, dtype_name(c->in[i]->dtype),
                           dtype_name(c->in[zero]->dtype));
    return GABLE_OK;
}

/* y = x - zero for a row of n. */
HOT static void less_u8(const uint8_t *x, int64_t n, float zero, float *y)
{
    EACH (i, n) y[i] = (float)x[i] - zero;
}
HOT static void less_s8(const int8_t *x, int64_t n, float zero, float *y)
{
    EACH (i, n) y[i] = (float)x[i] - zero;
}

struct centring {
    const struct value *x;
    float *y;
    int64_t row; /* elements that share a zero point along rows; columns otherwise */
    const float *zero;
    int64_t zeros, matrix; /* along columns: elements of a matrix */
    enum along along;
};
static void centre_rows(void *arg, int64_t first, int64_t end)
{
    const struct centring *k = arg;
    for (int64_t r = first; r < end; r++) {
        int64_t at = r * k->row;
        float zero = k->along == ALONG_ROWS ? k->zero[r % k->zeros] : k->zeros == 1 ? k->zero[0] : 0;
        if (k->x->dtype == DTYPE_U8)
            less_u8((const uint8_t *)k->x->data + at, k->row, zero, k->y + at);
        else
            less_s8((const int8_t *)k->x->data + at, k->row, zero, k->y + at);
        if (k->along == ALONG_ROWS || k->zeros == 1) continue;
        int64_t start = at / k->matrix * k->row % k->zeros;
        for (int64_t i = 0; i < k->row; i++) k->y[at + i] -= k->zero[start + i];
    }
}

/* Input i less its zero points (input `zero`), as f32; the greatest size of such a number. */
static gable_status centre(struct call *c, int i, int zero, int64_t row, enum along along, struct value *out,
                           double *most)
{
    const struct value *x = c->in[i], *z = call_has(c, zero) ? c->in[zero] : NULL;
    int64_t rows = row > 0 ? x->n / row : 0, matrix = x->rank > 1 ? row * x->dim[x->rank - 2] : x->n;
    int64_t n = z ? z->n : 1, all = along == ALONG_ROWS ? rows : matrix > 0 ? x->n / matrix * row : 0;
    int64_t of_one = along == ALONG_COLUMNS ? row : x->rank > 1 ? x->dim[x->rank - 2] : 1;
    gable_status s = check_bytes(c, i, zero);
    if (!s && n != 1 && n != all && (n != of_one || x->n == 0))
        s = call_refuse(c, "input %d has %" PRId64 " zero points for %" PRId64 " places", i, n, of_one);
    if (!s) s = call_temporary(c, DTYPE_F32, x->rank, x->dim, out);
    float *zeros = s ? NULL : call_scratch(c, (size_t)n * sizeof *zeros);
    if (s || !zeros) return s ? s : operand_no_memory(c);
    *most = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t v = z ? value_int(z, k) : 0, low = x->dtype == DTYPE_U8 ? 0 : -128, high = low + 255;
        zeros[k] = (float)v;
        *most = fmax(*most, (double)(high - v > v - low ? high - v : v - low));
    }
    struct centring k = {x, out->data, row, zeros, n, matrix, along};
    call_parallel(c, rows, GRAIN / (row + 1) + 1, centre_rows, &k);
    return s;
}
static int64_t terms_of(double a, double b) { return (int64_t)(0x1p24 / (a * b)); }

static gable_status multiply_bytes(struct call *c, int a, int a_zero, int b, int b_zero, struct value *y)
{
    const struct value *x = c->in[a], *w = c->in[b];
    struct value of_a, of_b;
    double most_a = 1, most_b = 1;
    if (x->rank < 1 || w->rank < 1) return call_refuse(c, "a scalar has no matrix product");
    gable_status s = centre(c, a, a_zero, x->dim[x->rank - 1], ALONG_ROWS, &of_a, &most_a);
    if (!s) s = centre(c, b, b_zero, w->rank > 1 ? w->dim[w->rank - 1] : 1, ALONG_COLUMNS, &of_b, &most_b);
    return s ? s : matmul_whole(c, &of_a, &of_b, terms_of(most_a, most_b), y);
}

static gable_status convolve_bytes(struct call *c, int x, int x_zero, int w, int w_zero, struct value *y)
{
    struct value of_x, of_w;
    double most_x = 1, most_w = 1;
    const struct value *filters = c->in[w];
    if (c->in[x]->rank < 3 || filters->rank < 3) return call_refuse(c, "convolves 3 dimensions or more");
    int64_t filter = filters->n ? filters->n / filters->dim[0] : 1, planes = c->in[x]->n;
    if (call_has(c, x_zero) && c->in[x_zero]->n != 1) return call_refuse(c, "needs one zero point for its input");
    gable_status s = centre(c, x, x_zero, planes, ALONG_ROWS, &of_x, &most_x);
    if (!s) s = centre(c, w, w_zero, filter, ALONG_ROWS, &of_w, &most_w);
    return s ? s : convolve_whole(c, &of_x, &of_w, terms_of(most_x, most_w), y);
}

static gable_status run_matmul_integer(struct call *c)
{
    gable_status s = operand_tensors(c, 2);
    return s ? s : multiply_bytes(c, 0, 2, 1, 3, c->out[0]);
}
static gable_status run_conv_integer(struct call *c)
{
    gable_status s = operand_tensors(c, 2);
    return s ? s : convolve_bytes(c, 0, 2, 1, 3, c->out[0]);
}

/* Sums to bytes: y = round((sum + bias) scale) + zero, cut to the type. The scale of an element is the product of one
   of its row's and one of its column's. */
struct scaling {
    const int32_t *sum, *bias; /* a bias for each row, or NULL */
    void *y;
    bool is_signed;
    int64_t rows, columns; /* of a matrix or picture */
    const float *row, *column;
    int64_t n_row, n_column; /* 1: the same for all */
    float zero;
};
HOT static void scale_row(const int32_t *sum, int64_t n, int64_t bias, float factor, const float *each, float zero,
                          float least, float *out)
{
    EACH (i, n) {
        float v = rintf((float)(sum[i] + bias) * (each ? factor * each[i] : factor)) + zero;
        v = v > least ? v : least; /* a NaN too */
        out[i] = v < least + 255 ? v : least + 255;
    }
}
static void scale_rows(void *arg, int64_t first, int64_t end)
{
    enum { PIECE = 512 };
    const struct scaling *s = arg;
    float piece[PIECE], least = s->is_signed ? -128 : 0;
    for (int64_t r = first; r < end; r++) {
        int64_t row = r % s->rows;
        float factor = s->row[s->n_row > 1 ? row : 0] * (s->n_column > 1 ? 1 : s->column[0]);
        for (int64_t at = 0; at < s->columns; at += PIECE) {
            int64_t n = s->columns - at < PIECE ? s->columns - at : PIECE, to = r * s->columns + at;
            scale_row(s->sum + to, n, s->bias ? s->bias[row] : 0, factor, s->n_column > 1 ? s->column + at : NULL,
                      s->zero, least, piece);
            for (int64_t i = 0; i < n && s->is_signed; i++) ((int8_t *)s->y)[to + i] = (int8_t)piece[i];
            for (int64_t i = 0; i < n && !s->is_signed; i++) ((uint8_t *)s->y)[to + i] = (uint8_t)piece[i];
        }
    }
}

/* Scales of input i, each divided by `by`: one, or `most`. */
static gable_status read_scales(struct call *c, int i, int64_t most, float by, const float **out, int64_t *n)
{
    const struct value *v = c->in[i];
    if (v->dtype != DTYPE_F32) return call_refuse(c, "input %d is a scale of type %s", i, dtype_name(v->dtype));
    if (v->n != 1 && v->n != most)
        return call_refuse(c, "input %d has %" PRId64 " scales for %" PRId64 " places", i, v->n, most);
    float *made = call_scratch(c, (size_t)v->n * sizeof *made);
    if (!made) return operand_no_memory(c);
    for (int64_t k = 0; k < v->n; k++) made[k] = ((const float *)v->data)[k] / by;
    *out = made;
    *n = v->n;
    return GABLE_OK;
}

/* row_scale and column_scale are the inputs whose scales go with rows and columns; 6 and 7 are the output's. */
static gable_status scale_sums(struct call *c, const struct value *sums, struct scaling *k, int row_scale,
                               int column_scale)
{
    const struct value *scale = c->in[6], *zero = c->in[7];
    if (scale->dtype != DTYPE_F32 || scale->n != 1 || !is_byte(zero) || zero->n != 1)
        return call_refuse(c, "needs one scale of type f32 and one zero point of type u8 or s8 for its output");
    gable_status s = read_scales(c, row_scale, k->rows, *(const float *)scale->data, &k->row, &k->n_row);
    if (!s) s = read_scales(c, column_scale, k->columns, 1, &k->column, &k->n_column);
    if (!s) s = call_make(c, 0, zero->dtype, sums->rank, sums->dim);
    if (s || sums->n == 0) return s;
    k->sum = sums->data;
    k->y = c->out[0]->data;
    k->is_signed = zero->dtype == DTYPE_S8;
    k->zero = (float)value_int(zero, 0);
    call_parallel(c, sums->n / k->columns, GRAIN / (k->columns + 1) + 1, scale_rows, k);
    return s;
}

static gable_status run_qlinear_matmul(struct call *c)
{
    struct value sums = {.kind = VALUE_ABSENT};
    gable_status s = operand_tensors(c, 8);
    if (!s) s = multiply_bytes(c, 0, 2, 3, 5, &sums);
    if (!s) {
        const struct value *a = c->in[0], *b = c->in[3];
        struct scaling k = {.rows = a->rank > 1 ? a->dim[a->rank - 2] : 1};
        k.columns = b->rank > 1 ? b->dim[b->rank - 1] : 1;
        s = scale_sums(c, &sums, &k, 1, 4);
    }
    value_release(&sums);
    return s;
}

static gable_status run_qlinear_conv(struct call *c)
{
    struct value sums = {.kind = VALUE_ABSENT};
    gable_status s = operand_tensors(c, 8);
    if (!s && c->in[1]->n != 1) s = call_refuse(c, "needs one scale for its input");
    if (!s) s = convolve_bytes(c, 0, 2, 3, 5, &sums);
    if (!s) {
        struct scaling k = {.rows = sums.dim[1], .columns = sums.n ? value_count(&sums, 2, sums.rank) : 1};
        if (call_has(c, 8)) k.bias = c->in[8]->data;
        if (call_has(c, 8) && (c->in[8]->dtype != DTYPE_S32 || c->in[8]->n != k.rows))
            s = call_refuse(c, "needs a bias of type s32 for each of %" PRId64 " channels", k.rows);
        if (!s) s = scale_sums(c, &sums, &k, 4, 1);
    }
    value_release(&sums);
    return s;
}

const struct kernel kernels_integers[] = {
    {.op = "MatMulInteger", .domain = "", .run = run_matmul_integer},
    {.op = "ConvInteger", .domain = "", .run = run_conv_integer},
    {.op = "QLinearMatMul", .domain = "", .run = run_qlinear_matmul},
    {.op = "QLinearConv", .domain = "", .run = run_qlinear_conv},
    {0},
};
