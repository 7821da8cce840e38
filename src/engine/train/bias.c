#include "engine/train/bias.h"

static float *scratch_floats(const struct trainer_session *s) { return (float *)(void *)s->scratch; }

/* A bias's gradient, with relu's before it in place. */
static void bias_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *y = p->out;
    size_t at = value_plane(s, y, image, block), plane = (size_t)image * (size_t)y->blocks + (size_t)block;
    (void)thread;
    s->plan->kernels->bias_back(p->shape.has_relu ? value_now(s, y) + at : NULL, value_pixels(y),
                                value_gradient(s, y) + at, scratch_floats(s) + plane * (size_t)s->plan->vl);
}
void bias_back(struct trainer_session *s, struct part *p)
{
    if (p->bias < 0 && !p->shape.has_relu) return;
    each_plane(s, p, p->out->blocks, bias_plane);
    size_t each = (size_t)p->out->blocks * (size_t)s->plan->vl;
    for (int c = 0; c < p->out->channels && p->bias >= 0; c++) {
        double sum = 0;
        for (int n = 0; n < s->plan->batch; n++) sum += (double)scratch_floats(s)[(size_t)n * each + (size_t)c];
        parameter_gradient(s, p->bias)[c] = (float)sum;
    }
}
size_t bias_scratch(const struct train_plan *plan, const struct part *p)
{
    return (size_t)plan->batch * (size_t)p->out->blocks * (size_t)plan->vl * sizeof(float);
}
