/* Which of a convolution's candidates is faster, by time, in the plan's own memory. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <time.h>

double train_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); /* as slices have it */
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
static void choose(struct trainer_session *s, struct part *p, int pass)
{
    double direct = time_of(s, p, pass);
    p->is_winograd[pass] = true;
    p->is_winograd[pass] = time_of(s, p, pass) < direct;
}
static bool is_alike(const struct part *a, const struct part *b)
{
    return a->type == b->type && convolution_shape_equal(&a->shape, &b->shape);
}
/* Whether there is a choice: the first layer needs no gradient of its data. */
static bool is_there(const struct part *p, int pass) { return p->may_be_winograd && p->convolution[pass]; }
static void choose_once(struct trainer_session *s, int index, int pass)
{
    struct part *p = s->plan->parts[index];
    for (int i = 0; i < index; i++) {
        const struct part *before = s->plan->parts[i];
        if (!is_alike(before, p) || !is_there(before, pass)) continue;
        p->is_winograd[pass] = before->is_winograd[pass];
        return;
    }
    choose(s, p, pass);
}
void tune_convolutions(struct trainer_session *s)
{
    s->is_backward = true;
    for (int i = 0; i < s->plan->n_parts; i++)
        for (int pass = 0; pass < 3; pass++)
            if (is_there(s->plan->parts[i], pass)) choose_once(s, i, pass);
    s->is_backward = false;
}
