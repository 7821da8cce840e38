/* Dropout: nothing at inference; in training (a third input says so) a mask drawn from the node's seed. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/random.h"

#include <string.h>

static gable_status pass_all(struct call *c)
{
    const struct value *x = c->in[0];
    call_pass(c, 0, x);
    if (c->n_out < 2) return GABLE_OK;
    struct value ones = {.kind = VALUE_TENSOR, .dtype = DTYPE_BOOL};
    gable_status s = call_temporary(c, DTYPE_BOOL, x->rank, x->dim, &ones);
    if (!s) s = call_make(c, 1, c->opset < 10 ? x->dtype : DTYPE_BOOL, x->rank, x->dim);
    if (s) return s;
    memset(ones.data, 1, (size_t)ones.n);
    value_convert(&ones, c->out[1]);
    return GABLE_OK;
}

static gable_status drop(struct call *c, double ratio)
{
    const struct value *x = c->in[0];
    struct value mask;
    struct random r;
    gable_status s = call_temporary(c, DTYPE_BOOL, x->rank, x->dim, &mask);
    if (!s) s = call_like(c, 0, x);
    if (s) return s;
    uint8_t *is_kept = mask.data;
    random_start(&r, c);
    for (int64_t i = 0; i < x->n; i++) is_kept[i] = twister_uniform(&r) >= ratio;
    if (x->dtype == DTYPE_F32) {
        const float *from = x->data, scale = (float)(1 / (1 - ratio));
        float *y = c->out[0]->data;
        EACH (i, x->n) y[i] = is_kept[i] ? from[i] * scale : 0;
    } else {
        const double *from = x->data, scale = 1 / (1 - ratio);
        double *y = c->out[0]->data;
        EACH (i, x->n) y[i] = is_kept[i] ? from[i] * scale : 0;
    }
    if (c->n_out > 1) call_pass(c, 1, &mask);
    return s;
}

static gable_status run_dropout(struct call *c)
{
    const enum dtype d = c->in[0]->dtype;
    bool is_training = call_has(c, 2) && c->in[2]->n == 1 && value_int(c->in[2], 0) != 0;
    double ratio = call_has(c, 1) && c->in[1]->n == 1 ? value_real(c->in[1], 0) : 0.5;
    if (!is_training) return pass_all(c);
    if (d != DTYPE_F32 && d != DTYPE_F64) return call_refuse(c, "drops no values of type %s", dtype_name(d));
    if (!(ratio >= 0 && ratio < 1)) return call_refuse(c, "a ratio of %g is not in [0, 1)", ratio);
    return ratio > 0 ? drop(c, ratio) : pass_all(c);
}

/* Whole paths are dropped in training alone, which this engine does not do. */
static gable_status run_stochastic_depth(struct call *c)
{
    call_pass(c, 0, c->in[0]);
    return GABLE_OK;
}

const struct kernel kernels_dropout[] = {
    {.op = "Dropout", .domain = "", .run = run_dropout, .in_f32 = true},
    {.op = "StochasticDepth", .domain = "ai.gable", .run = run_stochastic_depth},
    {0},
};
