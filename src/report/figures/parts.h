/* What several figures share: which runs may be shown and compared, colours and shapes, the drawn roof. */
#ifndef REPORT_FIGURES_PARTS_H
#define REPORT_FIGURES_PARTS_H
#include "base/text.h"
#include "report/figure.h"
#include "report/study.h"

enum { FIGURE_PLOT_TOP = 22, FIGURE_PLOT_BOTTOM = 44 };

/* One function per figure: its spec, or NULL with *e set where it failed, or NULL with *e untouched where the study has
   no data for it. */
typedef json_t *figure_builder(const struct study *s, gable_error *e);
figure_builder figure_summary, figure_chips_gpu, figure_chips_cpu, figure_chips_asic, figure_chips_soc, figure_ridges,
    figure_watts, figure_costs, figure_kinds, figure_intensity, figure_intensity_chips, figure_verdicts,
    figure_latency_flops, figure_latency_params, figure_throughput, figure_ranks, figure_samples, figure_ceilings,
    figure_attained, figure_floor, figure_losses, figure_training_passes, figure_training_kinds, figure_training_memory,
    figure_training_times, figure_training_loss;

/* The measured run of model i at batch index b on the CPU, or NULL. */
const struct run *shown_run(const struct study *s, int model, int b);
/* The same, but only where it is valid, above its roof only with a reason, and breaks no rule of report/checks.h: what
   ratios, ranks and findings may use. */
const struct run *sound_run(const struct study *s, int model, int b);
/* "Winograd executes fewer FLOPs", ... where a note explains a place above the roof; NULL where none does. */
const char *run_excuse(const struct run *r);
/* Why a run is drawn hollow: the sentence of its code; "" for a sound one. */
const char *run_fault(const struct run *r);
int unsound_runs(const struct study *s); /* measured but not sound, over all points */
/* The batch (index) that a figure about one batch shows: the one with most sound runs, the larger of equals; -1 where
   none has any. */
int best_batch(const struct study *s);
/* "3 of 30 runs are invalid and hollow: they stay out of ..."; nothing where all are sound. */
void add_unsound(struct text *t, const struct study *s);
void note_unsound(struct figure *f, const struct study *s);
/* "Made-up CPU 8-Core, 8 threads, float32" */
void say_machine(const struct study *s, char *out, size_t room);
int machine_threads(const struct study *s); /* of the machine's widest ceilings */

const char *sign_of(double x); /* "+" or a true minus: before fabs(x) */

const char *batch_color(const struct study *s, int b);
const char *kind_color(enum op_kind k);
const char *model_symbol(int model);
void key_batches(struct figure *f, const struct study *s, bool has_invalid);

struct window { /* of a log-log plot */
    double x_low, x_high, y_low, y_high;
};
struct roof_style {
    const char *color;
    double width, avoid;
    bool is_dashed;
    int z, grid, dot; /* dot: px of the ridge point */
};
/* One connected line: slope, ridge (a dot), flat, inside the window. facts (stolen) hang on the ridge. */
void draw_roof(struct figure *f, const struct roof *r, const struct window *w, const struct roof_style *style,
               const char *name, json_t *facts);
/* This machine's roof with its other valid fp32 ceilings of all threads, each labelled on its line. */
void draw_machine_roof(struct figure *f, const struct study *s, const struct window *w, bool has_ceilings);
const char *isa_title(const char *isa);
const char *dtype_label(enum dtype d); /* "float32" */
#endif
