/* The optimizer, fused over all parameters in one pass, and the running statistics. */
#include "engine/train/update.h"
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <math.h>

struct update_rule update_rule_of(const struct trainer *trainer)
{
    const struct trainer_options *o = &trainer->options;
    double t = (double)trainer->steps_done + 1;
    struct update_rule r = {.kind = o->optimizer,
                            .rate = (float)o->rate,
                            .momentum = (float)o->momentum,
                            .beta1 = (float)o->beta1,
                            .beta2 = (float)o->beta2,
                            .epsilon = (float)o->epsilon,
                            .decay = (float)o->weight_decay,
                            .root_scale = (float)(1 / sqrt(1 - pow(o->beta2, t))),
                            .shrink = 1};
    if (o->optimizer == OPTIMIZER_ADAM || o->optimizer == OPTIMIZER_ADAMW)
        r.rate = (float)(o->rate / (1 - pow(o->beta1, t)));
    if (o->optimizer == OPTIMIZER_ADAMW) r.shrink = (float)(1 - o->rate * o->weight_decay);
    return r;
}
static void update_range(struct trainer_session *s, struct part *p, long first, long last)
{
    struct update_rule r = update_rule_of(&s->base);
    (void)p;
    s->plan->kernels->update(&r, last - first, s->parameters + first, s->gradients + first,
                             s->first ? s->first + first : NULL, s->second ? s->second + first : NULL);
}
void update_run(struct trainer_session *s)
{
    each_range(s, NULL, (long)s->plan->n_trained, 4096, update_range);
    for (int i = 0; i < s->plan->n_parts; i++)
        if (s->plan->parts[i]->type == &part_norm) norm_update(s, s->plan->parts[i]);
}
