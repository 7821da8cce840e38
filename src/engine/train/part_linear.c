/* Fully connected layers by oneDNN's matrix product. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <dnnl.h>

static int reads_input(const struct part *p, enum train_pass pass)
{
    (void)p;
    return pass == PASS_WEIGHT ? 1 : 0;
}

/* Fully connected: rows of `stride` floats, the padding stays zero. */
static void bias_rows(struct trainer_session *s, struct part *p, long first, long last)
{
    const float *bias = parameter_at(s, p->bias);
    size_t stride = value_stride(s, p->out);
    for (long n = first; n < last; n++) {
        float *y = value_now(s, p->out) + (size_t)n * stride;
        for (int c = 0; c < p->outputs && bias; c++) y[c] += bias[c];
        for (size_t c = (size_t)p->outputs; c < stride; c++) y[c] = 0;
    }
}
static void linear_forward(struct trainer_session *s, struct part *p)
{
    dnnl_dim_t n = s->plan->batch, in = p->in[0]->channels, out = p->outputs;
    dnnl_sgemm('N', p->is_transposed ? 'T' : 'N', n, out, in, 1, value_now(s, p->in[0]),
               (dnnl_dim_t)value_stride(s, p->in[0]), parameter_at(s, p->weight), p->is_transposed ? in : out, 0,
               value_now(s, p->out), (dnnl_dim_t)value_stride(s, p->out));
    each_range(s, p, s->plan->batch, 1, bias_rows);
}
static void linear_data(struct trainer_session *s, struct part *p)
{
    dnnl_dim_t n = s->plan->batch, in = p->in[0]->channels, out = p->outputs;
    size_t stride = value_stride(s, p->in[0]);
    float *dx = value_gradient(s, p->in[0]);
    bool is_added = p->flow[0] == FLOW_ADD;
    dnnl_sgemm('N', p->is_transposed ? 'N' : 'T', n, in, out, 1, value_gradient(s, p->out),
               (dnnl_dim_t)value_stride(s, p->out), parameter_at(s, p->weight), p->is_transposed ? in : out,
               is_added ? 1 : 0, dx, (dnnl_dim_t)stride);
    for (size_t i = 0; i < (size_t)n && !is_added; i++)
        for (size_t c = (size_t)in; c < stride; c++) dx[i * stride + c] = 0;
}
static void linear_weight(struct trainer_session *s, struct part *p)
{
    dnnl_dim_t n = s->plan->batch, in = p->in[0]->channels, out = p->outputs;
    dnnl_dim_t of_x = (dnnl_dim_t)value_stride(s, p->in[0]), of_y = (dnnl_dim_t)value_stride(s, p->out);
    const float *x = value_now(s, p->in[0]), *dy = value_gradient(s, p->out);
    float *dw = parameter_gradient(s, p->weight), *db = parameter_gradient(s, p->bias);
    if (p->is_transposed)
        dnnl_sgemm('T', 'N', out, in, n, 1, dy, of_y, x, of_x, 0, dw, in);
    else
        dnnl_sgemm('T', 'N', in, out, n, 1, x, of_x, dy, of_y, 0, dw, out);
    for (int c = 0; db && c < p->outputs; c++) {
        double sum = 0;
        for (dnnl_dim_t i = 0; i < n; i++) sum += (double)dy[i * of_y + c];
        db[c] = (float)sum;
    }
}
const struct part_type part_linear = {
    .forward = linear_forward, .data = linear_data, .weight = linear_weight, .reads = reads_input};
