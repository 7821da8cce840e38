/* NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: what each label's class lacks to certainty. Classes are axis
   1; each place of the others has one label. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/smooth.h"

#include <inttypes.h>

struct loss {
    int64_t classes, inner;
    const struct value *x, *labels, *weight; /* weight may be NULL */
    bool has_ignored;
    int64_t ignored;
    double total, total_weight;
};

enum { STRIP = 64 }; /* places that are worked on together: they stand side by side for every class */
#define LOG_SOFTMAX(name, T)                                                                                   \
    HOT static void strip_##name(const T *x, T *y, int64_t classes, int64_t inner, int64_t n)                  \
    {                                                                                                          \
        T greatest[STRIP];                                                                                     \
        double total[STRIP];                                                                                   \
        EACH (i, n) greatest[i] = x[i], total[i] = 0;                                                          \
        for (int64_t k = 1; k < classes; k++)                                                                  \
            EACH (i, n) greatest[i] = x[k * inner + i] > greatest[i] ? x[k * inner + i] : greatest[i];         \
        for (int64_t k = 0; k < classes; k++)                                                                  \
            EACH (i, n) total[i] += (double)EXP((T)(x[k * inner + i] - greatest[i]));                          \
        EACH (i, n) greatest[i] += (T)log(total[i]);                                                           \
        for (int64_t k = 0; k < classes; k++)                                                                  \
            EACH (i, n) y[k * inner + i] = x[k * inner + i] - greatest[i];                                     \
    }                                                                                                          \
    static void softmax_##name(void *arg, int64_t first, int64_t end)                                          \
    {                                                                                                          \
        const struct softmax *s = arg;                                                                         \
        for (int64_t at = first, n; at < end; at += n) {                                                       \
            int64_t place = at % s->inner, block = at / s->inner * s->classes * s->inner;                      \
            n = s->inner - place < end - at ? s->inner - place : end - at;                                     \
            n = n < STRIP ? n : STRIP;                                                                         \
            strip_##name((const T *)s->x + block + place, (T *)s->y + block + place, s->classes, s->inner, n); \
        }                                                                                                      \
    }
struct softmax {
    const void *x;
    void *y;
    int64_t classes, inner;
};
LOG_SOFTMAX(F32, float)
LOG_SOFTMAX(F64, double)

static gable_status read_loss(struct call *c, struct loss *l)
{
    gable_status s = operand_tensors(c, 2);
    if (s) return s;
    const struct value *x = c->in[0], *labels = c->in[1];
    l->x = x, l->labels = labels;
    l->weight = call_has(c, 2) ? c->in[2] : NULL;
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64) return loops_refuse_dtype(c, x->dtype);
    if (labels->dtype != DTYPE_S64 && labels->dtype != DTYPE_S32)
        return call_refuse(c, "labels of type %s", dtype_name(labels->dtype));
    bool fits = x->rank >= 2 && labels->rank == x->rank - 1 && labels->dim[0] == x->dim[0];
    for (int i = 2; i < x->rank && fits; i++) fits = labels->dim[i - 1] == x->dim[i];
    if (!fits) return call_refuse(c, "needs one label for each place of all axes but the second");
    l->classes = x->dim[1];
    l->inner = x->n ? value_count(x, 2, x->rank) : 0;
    if (l->weight && (l->weight->n != l->classes || l->weight->dtype != x->dtype))
        return call_refuse(c, "%" PRId64 " weights of type %s for %" PRId64 " classes of type %s", l->weight->n,
                           dtype_name(l->weight->dtype), l->classes, dtype_name(x->dtype));
    l->has_ignored = node_attribute(c->node, "ignore_index") != NULL;
    l->ignored = node_int(c->node, "ignore_index", 0);
    return s;
}

/* The loss of every place; their sum and that of their weights. */
static gable_status losses(struct call *c, struct loss *l, const struct value *log_prob, double *y)
{
    for (int64_t i = 0; i < l->labels->n; i++) {
        int64_t label = value_int(l->labels, i);
        y[i] = 0;
        if (l->has_ignored && label == l->ignored) continue;
        if (label < 0 || label >= l->classes)
            return call_refuse(c, "label %" PRId64 " is outside %" PRId64 " classes", label, l->classes);
        double weight = l->weight ? value_real(l->weight, label) : 1;
        y[i] = -weight * value_real(log_prob, (i / l->inner * l->classes + label) * l->inner + i % l->inner);
        l->total += y[i];
        l->total_weight += weight;
    }
    return GABLE_OK;
}

static gable_status reduce(struct call *c, struct loss *l, const struct value *log_prob)
{
    const char *how = operand_text(c, "reduction", "mean");
    bool is_mean = !strcmp(how, "mean"), is_none = !strcmp(how, "none");
    struct value all, one = {.kind = VALUE_TENSOR, .dtype = DTYPE_F64, .n = 1, .data = &l->total};
    if (!is_mean && !is_none && strcmp(how, "sum") != 0) return call_refuse(c, "knows no reduction %.40s", how);
    gable_status s = call_temporary(c, DTYPE_F64, l->labels->rank, l->labels->dim, &all);
    if (!s) s = losses(c, l, log_prob, all.data);
    if (!s) s = call_make(c, 0, l->x->dtype, is_none ? all.rank : 0, all.dim);
    if (s) return s;
    if (is_mean) l->total /= l->total_weight;
    value_convert(is_none ? &all : &one, c->out[0]);
    return GABLE_OK;
}

static gable_status run_likelihood(struct call *c)
{
    struct loss l = {.x = NULL};
    gable_status s = read_loss(c, &l);
    return s ? s : reduce(c, &l, l.x);
}

static gable_status run_cross_entropy(struct call *c)
{
    struct loss l = {.x = NULL};
    struct value log_prob;
    gable_status s = read_loss(c, &l);
    if (!s && c->n_out > 1) s = call_like(c, 1, l.x);
    if (!s && c->n_out > 1) log_prob = *c->out[1];
    if (!s && c->n_out < 2) s = call_temporary(c, l.x->dtype, l.x->rank, l.x->dim, &log_prob);
    if (s) return s;
    struct softmax m = {l.x->data, log_prob.data, l.classes, l.inner};
    if (l.x->n)
        call_parallel(c, l.labels->n, GRAIN / (16 * l.classes + 1) + 1,
                      l.x->dtype == DTYPE_F32 ? softmax_F32 : softmax_F64, &m);
    return reduce(c, &l, &log_prob);
}

const struct kernel kernels_loss[] = {
    {.op = "NegativeLogLikelihoodLoss", .domain = "", .run = run_likelihood, .in_f32 = true},
    {.op = "SoftmaxCrossEntropyLoss", .domain = "", .run = run_cross_entropy, .in_f32 = true},
    {0},
};
