/* The loss and the gradient of the output. */
#include "engine/train/session.h"

#include <math.h>

/* Cross-entropy of one row by the shifted exponentials; gradient (softmax - one at the label) / batch. */
static void entropy_rows(struct trainer_session *s, struct part *p, long first, long last)
{
    const struct value *y = s->plan->output;
    size_t stride = value_stride(s, y);
    (void)p;
    for (long n = first; n < last; n++) {
        const float *x = value_now(s, y) + (size_t)n * stride;
        float *g = value_gradient(s, y) + (size_t)n * stride, most = x[0];
        double sum = 0;
        for (int c = 1; c < y->channels; c++) most = x[c] > most ? x[c] : most;
        for (int c = 0; c < y->channels; c++) {
            float power = expf(x[c] - most);
            g[c] = power;
            sum += (double)power;
        }
        float share = (float)(1 / (sum * s->plan->batch));
        for (int c = 0; c < y->channels; c++) g[c] *= share;
        for (size_t c = (size_t)y->channels; c < stride; c++) g[c] = 0;
        g[s->labels[n]] -= 1.0f / (float)s->plan->batch;
        s->image_loss[n] = log(sum) - (double)(x[s->labels[n]] - most);
    }
}
static void square_images(struct trainer_session *s, struct part *p, long first, long last)
{
    const struct value *y = s->plan->output;
    int vl = s->plan->vl;
    long pixels = value_pixels(y);
    double each = (double)pixels * y->channels;
    float share = (float)(2 / (each * s->plan->batch));
    (void)p;
    for (long n = first; n < last; n++) {
        const float *target = s->targets + (size_t)n * (size_t)y->channels * (size_t)pixels;
        double sum = 0;
        for (int c = 0; c < y->blocks * vl; c++) {
            size_t at = value_plane(s, y, (int)n, c / vl) + (size_t)(c % vl);
            for (long i = 0; i < pixels; i++) {
                bool is_there = c < y->channels;
                float d = is_there ? value_now(s, y)[at + (size_t)(i * vl)] - target[c * pixels + i] : 0;
                value_gradient(s, y)[at + (size_t)(i * vl)] = share * d;
                sum += (double)d * (double)d;
            }
        }
        s->image_loss[n] = sum / each;
    }
}

double loss_run(struct trainer_session *s)
{
    double sum = 0;
    each_range(s, NULL, s->plan->batch, 1, s->base.options.loss == LOSS_MSE ? square_images : entropy_rows);
    for (int n = 0; n < s->plan->batch; n++) sum += s->image_loss[n];
    return sum / s->plan->batch;
}
