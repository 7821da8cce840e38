/* gable analyze --chip: what bounds the model there, and the least time for its work and traffic. */
#include "cli/analyze/analyze.h"

#include "base/units.h"
#include "cli/table.h"

#include <stdio.h>

double analyze_floor(const struct subject *s, count bytes)
{
    return roof_floor_s(&s->roof, (double)s->analysis->total.flops, (double)bytes);
}

double analyze_groups_floor(const struct subject *s)
{
    const struct analysis *a = s->analysis;
    double sum = 0;
    for (int k = 0; k < a->n_groups; k++)
        sum += roof_floor_s(&s->roof, (double)a->group_cost[k].flops, (double)a->group_bytes[k]);
    return sum;
}

static void level_row(struct table *t, const struct subject *s, const char *level, count bytes, const char *what)
{
    double flops = (double)s->analysis->total.flops;
    TABLE_ROW(t, -1, level, cell_intensity(s->analysis->total.flops, bytes).text,
              bound_name(roof_bound(&s->roof, flops, (double)bytes)), quantity(analyze_floor(s, bytes), "s").text,
              what);
}

static int memory_bound_groups(const struct subject *s)
{
    const struct analysis *a = s->analysis;
    int n = 0;
    for (int k = 0; k < a->n_groups; k++)
        n += roof_bound(&s->roof, (double)a->group_cost[k].flops, (double)a->group_bytes[k]) == BOUND_MEMORY;
    return n;
}

void analyze_print_chip(const struct subject *s)
{
    const struct traffic *b = &s->analysis->bytes;
    char groups[96];
    if (!s->chip) return;
    snprintf(groups, sizeof groups, "group by group; %d of %d memory-bound", memory_bound_groups(s),
             s->analysis->n_groups);
    printf("on %s: %s, %s, ridge at %.1f FLOP/byte (declared)\n\n", s->chip->name,
           quantity(s->roof.peak, "FLOP/s").text, quantity(s->roof.bandwidth, "B/s").text, roof_ridge(&s->roof));
    struct table *t = table_new();
    table_column(t, "DRAM bytes", TABLE_LEFT);
    table_column(t, "FLOP/byte", TABLE_RIGHT);
    table_column(t, "bound", TABLE_LEFT);
    table_column(t, "time floor", TABLE_RIGHT);
    table_column(t, "if", TABLE_CUT);
    level_row(t, s, "unfused", b->unfused, "work and traffic overlap fully");
    level_row(t, s, "fused", b->fused, "the same");
    TABLE_ROW(t, -1, "fused", "", "", quantity(analyze_groups_floor(s), "s").text, groups);
    level_row(t, s, "ideal", b->ideal, "nothing in between moves");
    table_print(t, stdout);
    printf("\n");
}
