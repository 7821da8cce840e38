/* The one sentence of a run. */
#include "base/text.h"
#include "base/units.h"
#include "bench/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOSSES = 2 };
static const double WORTH_SAYING = 0.02; /* of the pass's time */

struct loss {
    char part[RECORD_NAME];
    enum op_kind kind;
    int groups;
    double lost_ns;
};

/* "layer4.1.conv2" -> "layer4" for one level, "layer4.1" for two. */
static void part_of(const char *name, int levels, char *out, size_t room)
{
    size_t n = 0;
    for (; name[n] && n + 1 < room; n++)
        if (name[n] == '.' && --levels == 0) break;
    memcpy(out, name, n);
    out[n] = '\0';
}

/* One level tells little where most groups share it ("features"). */
static int levels_for(const struct run *r)
{
    char first[RECORD_NAME], other[RECORD_NAME];
    for (int i = 0; i < r->n_groups; i++) {
        int same = 0;
        part_of(r->groups[i].name, 1, first, sizeof first);
        for (int j = 0; j < r->n_groups; j++) {
            part_of(r->groups[j].name, 1, other, sizeof other);
            same += !strcmp(first, other);
        }
        if (2 * same > r->n_groups) return 2;
    }
    return 1;
}

static int largest_first(const void *a, const void *b)
{
    double x = ((const struct loss *)a)->lost_ns, y = ((const struct loss *)b)->lost_ns;
    return (x < y) - (x > y);
}

/* Time above the floor, by part of the network and kind of operator; largest first. */
static int find_losses(const struct run *r, struct loss *out)
{
    int n = 0, levels = levels_for(r);
    for (int i = 0; i < r->n_groups; i++) {
        const struct run_group *g = &r->groups[i];
        struct loss l = {.kind = g->kind, .groups = 1, .lost_ns = fmax(0, g->median_ns - g->floor_ns)};
        int j = 0;
        part_of(g->name, levels, l.part, sizeof l.part);
        while (j < n && (out[j].kind != l.kind || strcmp(out[j].part, l.part))) j++;
        if (j == n) {
            out[n++] = l;
        } else {
            out[j].lost_ns += l.lost_ns;
            out[j].groups++;
        }
    }
    qsort(out, (size_t)n, sizeof *out, largest_first);
    return n;
}

static void add_losses(const struct run *r, struct text *t)
{
    struct loss *all = r->n_groups ? calloc((size_t)r->n_groups, sizeof *all) : NULL;
    if (!all) return;
    int n = find_losses(r, all), shown = 0;
    while (shown < n && shown < LOSSES && all[shown].lost_ns >= WORTH_SAYING * r->instrumented_ns) shown++;
    for (int i = 0; i < shown; i++)
        text_addf(t, "%s%s in %s (%.0f %% of the time above its floor)",
                  i == 0 ? shown == 1 ? "; the largest loss is " : "; the largest losses are " : " and ",
                  op_kind_label(all[i].kind), all[i].part, 100 * all[i].lost_ns / r->instrumented_ns);
    free(all);
}

/* What the share is a share of, where it is not the plain one. */
static void add_place(const struct run *r, struct text *t)
{
    struct run_place at = run_place(r);
    if (at.flops < (double)r->flops_counted)
        text_addf(t, " by the FLOPs that it executes (Winograd; %.0f %% by those counted)",
                  100 * r->flops_per_s / r->attainable);
    if (at.in_cache) text_add(t, ", its data in the cache");
}

void run_sentence(const struct run *r, char *out, size_t room)
{
    struct text t = {0};
    text_addf(&t, "%s at batch %d ", r->model, r->batch);
    if (!r->valid) {
        text_addf(&t, "has no valid result: %s", bench_code_sentence(r->reason));
    } else {
        text_addf(&t, "is %s-bound and reaches %.0f %% of the %s that the roof allows", bound_name(r->bound),
                  100 * r->efficiency, quantity(r->attainable, "FLOP/s").text);
        add_place(r, &t);
        add_losses(r, &t);
    }
    text_add(&t, ".");
    snprintf(out, room, "%s", t.data ? t.data : "");
    text_release(&t);
}
