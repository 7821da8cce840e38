#include "bench/deviation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kinds that are products with weights: each gradient is as much work as forward. */
static bool is_product(enum op_kind k) { return k <= KIND_LINEAR; }

static void add_counts(struct step_amounts *a, const struct training *t, double (*amount)(const struct work *))
{
    for (int k = 0; k < KIND_N; k++)
        for (int p = 0; p < PASS_N; p++) a->of[k][p] = amount(&t->kinds[k][p]);
    a->of[KIND_OTHER][PASS_UPDATE] += amount(&t->passes[PASS_UPDATE]);
    for (int i = 0; i < t->analysis->graph->n_nodes; i++) {
        const struct node_cost *n = &t->analysis->nodes[i];
        const struct work *w = t->nodes[i].passes;
        if (!is_product(n->kind) || !w[PASS_WEIGHT].cost.flops || w[PASS_DATA].cost.flops) continue;
        if (!*a->unneeded_name) snprintf(a->unneeded_name, sizeof a->unneeded_name, "%s", n->node->name);
        a->unneeded_kind = n->kind;
        a->unneeded += amount(&w[PASS_FORWARD]);
    }
}
static double flops_of(const struct work *w) { return (double)w->cost.flops; }
static double bytes_of(const struct work *w) { return (double)w->bytes; }
struct step_amounts amounts_of_flops(const struct training *t)
{
    struct step_amounts a = {0};
    add_counts(&a, t, flops_of);
    return a;
}
struct step_amounts amounts_of_bytes(const struct training *t)
{
    struct step_amounts a = {0};
    add_counts(&a, t, bytes_of);
    return a;
}

static const struct run_group *group_named(const struct run *r, const char *name)
{
    for (int i = 0; i < r->n_groups; i++)
        if (!strcmp(r->groups[i].name, name)) return &r->groups[i];
    return NULL;
}
static double amount_of(const struct run_group *g, enum amount what)
{
    return what == AMOUNT_NS ? g->median_ns : what == AMOUNT_FLOPS ? g->flops_executed : g->bytes;
}
struct step_amounts amounts_of_runs(const struct run *const runs[TRAINED_RUNS], enum amount what)
{
    struct step_amounts a = {0};
    for (int p = 0; p < PASS_N; p++)
        for (int i = 0; i < runs[p]->n_groups; i++)
            a.of[runs[p]->groups[i].kind][p] += amount_of(&runs[p]->groups[i], what);
    for (int i = 0; i < runs[PASS_WEIGHT]->n_groups; i++) {
        const struct run_group *w = &runs[PASS_WEIGHT]->groups[i], *f = group_named(runs[PASS_FORWARD], w->name);
        if (!is_product(w->kind) || !f || group_named(runs[PASS_DATA], w->name)) continue;
        if (!*a.unneeded_name) memcpy(a.unneeded_name, w->name, sizeof w->name);
        a.unneeded_kind = w->kind;
        a.unneeded += amount_of(f, what);
    }
    const struct run *again = runs[TRAINED_AGAIN];
    for (int i = 0; again && i < again->n_groups; i++) a.again += amount_of(&again->groups[i], what);
    return a;
}

double amounts_of_pass(const struct step_amounts *a, enum train_pass p)
{
    double sum = 0;
    for (int k = 0; k < KIND_N; k++) sum += a->of[k][p];
    return sum;
}
double amounts_ratio(const struct step_amounts *a)
{
    return (amounts_of_pass(a, PASS_DATA) + amounts_of_pass(a, PASS_WEIGHT) + a->again) /
           amounts_of_pass(a, PASS_FORWARD);
}

static int by_size(const void *a, const void *b)
{
    double x = fabs(((const struct deviation *)a)->adds), y = fabs(((const struct deviation *)b)->adds);
    return (x < y) - (x > y);
}
int deviation_find(const struct step_amounts *a, struct deviation out[DEVIATIONS])
{
    double whole = amounts_of_pass(a, PASS_FORWARD);
    int n = 0;
    if (!(whole > 0)) return 0;
    for (int k = 0; k < KIND_N; k++) {
        const double *of = a->of[k], f = of[PASS_FORWARD], d = of[PASS_DATA], w = of[PASS_WEIGHT];
        if (f + d + w <= 0) continue;
        if (is_product((enum op_kind)k)) {
            double needed = f - (k == (int)a->unneeded_kind ? a->unneeded : 0);
            out[n++] = (struct deviation){CAUSE_DATA, (enum op_kind)k, (d - needed) / whole, d / needed};
            out[n++] = (struct deviation){CAUSE_WEIGHT, (enum op_kind)k, (w - f) / whole, w / f};
        } else {
            out[n++] = (struct deviation){CAUSE_GRADIENT, (enum op_kind)k, (d + w - 2 * f) / whole, (d + w) / f};
        }
    }
    if (a->unneeded > 0)
        out[n++] = (struct deviation){CAUSE_FIRST, a->unneeded_kind, -a->unneeded / whole, a->unneeded / whole};
    if (a->again > 0) out[n++] = (struct deviation){CAUSE_AGAIN, KIND_OTHER, a->again / whole, a->again / whole};
    qsort(out, (size_t)n, sizeof *out, by_size);
    return n;
}

static double backward_over_forward(const struct step_amounts *a, enum op_kind k)
{
    return (a->of[k][PASS_DATA] + a->of[k][PASS_WEIGHT]) / a->of[k][PASS_FORWARD];
}
/* A product's gradient does about forward's FLOPs; what differs more is said: their number or their rate. */
static void say_product(const struct deviation *d, const struct step_amounts *flops, const struct step_amounts *ns,
                        const char *what, char *out, size_t room)
{
    enum train_pass p = d->cause == CAUSE_DATA ? PASS_DATA : PASS_WEIGHT;
    const char *which = d->cause == CAUSE_DATA ? "data" : "weight";
    const double *work = flops->of[d->kind], *time = ns ? ns->of[d->kind] : work;
    double share = work[p] / work[PASS_FORWARD];
    double rate = work[p] / time[p] * time[PASS_FORWARD] / work[PASS_FORWARD];
    if (fabs(log(rate)) > fabs(log(share)))
        snprintf(out, room, "%s gradients of %s run at %.2f of forward's rate", which, what, rate);
    else
        snprintf(out, room, "%s gradients of %s take %.2f times forward's FLOPs", which, what, share);
}
static void say_gradient(const struct deviation *d, const struct step_amounts *flops, const struct step_amounts *bytes,
                         const struct step_amounts *ns, const char *what, char *out, size_t room)
{
    double in_flops = backward_over_forward(flops, d->kind), in_bytes = backward_over_forward(bytes, d->kind);
    const char *which = flops->of[d->kind][PASS_WEIGHT] > 0 ? "both gradients" : "the one gradient, not two,";
    if (ns && isfinite(in_bytes))
        snprintf(out, room, "%s of %s %s %.1f times forward's time for %.1f times its bytes", which, what,
                 *which == 'b' ? "take" : "takes", d->times, in_bytes);
    else if (isfinite(in_flops))
        snprintf(out, room, "%s of %s %s %.1f times forward's FLOPs", which, what, *which == 'b' ? "take" : "takes",
                 in_flops);
    else
        snprintf(out, room, "%s have a gradient that costs, and no forward that does", what);
}
void deviation_say(const struct deviation *d, const struct step_amounts *flops, const struct step_amounts *bytes,
                   const struct step_amounts *ns, const char *(*phrase)(enum op_kind), char *out, size_t room)
{
    const struct step_amounts *a = ns ? ns : flops;
    const char *what = phrase(d->kind);
    switch (d->cause) {
    case CAUSE_FIRST: snprintf(out, room, "%s needs no data gradient", a->unneeded_name); break;
    case CAUSE_AGAIN: snprintf(out, room, "backward repeats %.2f of forward", d->times); break;
    case CAUSE_GRADIENT: say_gradient(d, flops, bytes, ns, what, out, room); break;
    case CAUSE_DATA:
    case CAUSE_WEIGHT: say_product(d, flops, ns, what, out, room); break;
    }
}
