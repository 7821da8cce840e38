/* The bytes that are alive at every step of a model, with the peak. */
#include "report/draw.h"
#include "report/figure.h"

#include <math.h>

enum { COLUMNS_MAX = 600 }; /* more cannot be seen */
static const double mebibyte = 1048576;

/* Steps as a stair: each holds its value until the next; of many steps in one column the largest. */
static json_t *stair(struct figure *f, const struct timeline *t)
{
    json_t *points = json_array();
    int n = t->n_steps < COLUMNS_MAX ? t->n_steps : COLUMNS_MAX;
    for (int c = 0; c < n; c++) {
        int first = (int)((int64_t)c * t->n_steps / n), last = (int)((int64_t)(c + 1) * t->n_steps / n);
        count most = 0;
        for (int i = first; i < last; i++)
            if (t->alive[i] > most) most = t->alive[i];
        figure_append(f, points, figure_pair(f, first, (double)most / mebibyte));
        figure_append(f, points, figure_pair(f, last, (double)most / mebibyte));
    }
    return points;
}

static void add_peak(struct figure *f, const struct graph *g, const struct timeline *t, double high)
{
    bool is_backward;
    const struct node *n = timeline_node(t, g, t->peak_step, &is_backward);
    double x = t->peak_step + 0.5, y = (double)t->peak / mebibyte;
    json_t *points = json_array();
    figure_append(f, points, figure_point(f, &(struct point){.name = n->name, .x = x, .y = y, .color = "@ink"}));
    figure_points(f, points, 0, 7, 4);
    figure_add(f, "labels",
               figure_pack(f, "{s:[f,f], s:o, s:s}", "at", x, fmin(y + high * 0.02, high), "text",
                           figure_text(f, "%.60s%s: %.3g MiB", n->name, is_backward ? " (backward)" : "", y), "color",
                           "@ink"));
}

json_t *figure_memory(const struct graph *g, const struct timeline *t, const char *what, gable_error *e)
{
    bool is_backward, is_training = t->n_steps > g->n_nodes;
    const struct node *peak = timeline_node(t, g, t->peak_step, &is_backward);
    double high = t->peak > 0 ? 1.1 * (double)t->peak / mebibyte : 1;
    struct figure f = figure_start("memory", "memory", "memory", 260);
    figure_say(&f, "title", "%.80s needs most memory at %.60s%s: %.3g MiB", what, peak->name,
               is_backward ? ", backward" : "", (double)t->peak / mebibyte);
    figure_say(&f, "subtitle", "%s alive at each of %d steps, in MiB; weights apart",
               is_training ? "activations and their gradients" : "activations", t->n_steps);
    figure_grid(&f, FIGURE_TICKS, 12, 22, 40);
    figure_option(
        &f, "xAxis",
        figure_linear_axis(&f, 0, is_training ? "step (forward, then backward)" : "step", "@plain", 0, t->n_steps));
    figure_option(&f, "yAxis", figure_y_axis(&f, figure_linear_axis(&f, 0, "MiB", "@plain", 0, high), FIGURE_TICKS));
    figure_line(&f, stair(&f, t), &(struct stroke){.color = "@roof", .width = 1.6, .z = 2});
    add_peak(&f, g, t, high);
    return figure_finish(&f, e);
}
