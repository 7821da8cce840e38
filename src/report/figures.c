#include "report/figures.h"

#include "report/figures/parts.h"

#include <string.h>

/* In page order. */
static figure_builder *const builders[] = {
    figure_summary,         figure_chips_gpu,       figure_chips_cpu,       figure_chips_asic,
    figure_chips_soc,       figure_ridges,          figure_watts,           figure_costs,
    figure_kinds,           figure_intensity,       figure_intensity_chips, figure_verdicts,
    figure_latency_flops,   figure_latency_params,  figure_throughput,      figure_ranks,
    figure_samples,         figure_ceilings,        figure_attained,        figure_floor,
    figure_losses,          figure_training_passes, figure_training_times,  figure_training_kinds,
    figure_training_memory, figure_training_loss,
};

/* The command that measures again what the figure shows, where it names none itself. */
static json_t *command_for(const char *section, const struct study *s)
{
    if (!strcmp(section, "1.1")) return json_string("gable chips --json");
    if (!strcmp(section, "1.2")) return json_string("gable analyze --json");
    if (!strcmp(section, "1.5"))
        return json_sprintf("gable analyze --train --batch %d --optimizer %s --json", s->training_batch,
                            optimizer_name(STUDY_OPTIMIZER));
    return json_string(*s->command ? s->command : "gable report");
}

json_t *report_figures(const struct study *s, gable_error *e)
{
    json_t *figures = json_array();
    if (!figures) {
        error_set(e, GABLE_NO_MEMORY, "memory ran out while making the figures");
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(builders); i++) {
        gable_error why = {0};
        json_t *spec = builders[i](s, &why);
        if (!spec && !why.status) continue;
        if (spec && !json_object_get(spec, "command"))
            json_object_set_new(spec, "command", command_for(json_string_value(json_object_get(spec, "section")), s));
        if (!spec || json_array_append_new(figures, spec)) {
            if (e) *e = why;
            if (!why.status) error_set(e, GABLE_NO_MEMORY, "memory ran out while making the figures");
            json_decref(figures);
            return NULL;
        }
    }
    return figures;
}
