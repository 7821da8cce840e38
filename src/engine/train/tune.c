/* Which of a convolution's candidates is faster, by time, in the plan's own memory. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <string.h>
#include <time.h>

double train_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_of(struct trainer_session *s, struct part *p, int pass)
{
    part_work *work = pass == CONVOLUTION_FORWARD ? p->type->forward
                      : pass == CONVOLUTION_DATA  ? p->type->data
                                                  : p->type->weight;
    double best = 0;
    for (int i = 0; i < 3; i++) { /* the first compiles and warms */
        double from = train_now_ns();
        work(s, p);
        double ns = train_now_ns() - from;
        if (i == 1 || (i > 1 && ns < best)) best = ns;
    }
    return best;
}
static void swap(struct part *p, int pass)
{
    struct convolution *kept = p->convolution[pass];
    p->convolution[pass] = p->winograd[pass];
    p->winograd[pass] = kept;
}
static void choose(struct trainer_session *s, struct part *p, int pass)
{
    double direct = time_of(s, p, pass);
    swap(p, pass);
    if (time_of(s, p, pass) >= direct) swap(p, pass);
}
static bool is_alike(const struct part *a, const struct part *b)
{
    return a->type == b->type && convolution_shape_equal(&a->shape, &b->shape);
}
static void choose_once(struct trainer_session *s, int index, int pass)
{
    struct part *p = s->plan->parts[index];
    for (int i = 0; i < index; i++) {
        const struct part *before = s->plan->parts[i];
        if (!is_alike(before, p) || !before->winograd[pass]) continue;
        if (strcmp(convolution_name(before->convolution[pass]), convolution_name(p->convolution[pass])) != 0)
            swap(p, pass);
        return;
    }
    choose(s, p, pass);
}
void tune_convolutions(struct trainer_session *s)
{
    s->is_backward = true;
    for (int i = 0; i < s->plan->n_parts; i++)
        for (int pass = 0; pass < 3; pass++)
            if (s->plan->parts[i]->winograd[pass]) choose_once(s, i, pass);
    s->is_backward = false;
}
