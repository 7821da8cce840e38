/* A figure's spec and its builder. The spec is ECharts' option plus what ECharts lacks; one JSON object, drawn by
   web/figure.js in both hosts (the written files and the page):
     id, nav         its anchor and its line in the contents
     section         "summary", "1.1", "1.2", "1.3", "1.4": where it stands in the report
     title           the finding, computed from the numbers
     subtitle        quantities, units, conditions
     note            one line below: sources, counts of invalid runs
     finding         one or more sentences with the numbers they rest on
     method          how the numbers were obtained: formula and source
     command         how to reproduce it
     height          of the plot itself at full width, in px; header, key and note come on top
     option          ECharts' option; "@name" is a colour of theme.json or a formatter of figure.js
     key             [{shape, color, text}] one row above the plot; only what direct labels cannot say
     labels          [{grid?, at, text, color, model?, r?, lean?}] placed beside points; earlier ones have priority
     lineLabels      [{grid?, from, to, t, side, align, text, color, bold?}] along a line
     ends            [{grid?, at, text, color, stroke?, model?, dy?, lo?, gap?}] in the margin right of a line's end
     texts           [{x, of?, y, text, color, align?, bold?, size?}] at fixed places: x in px, or x/of of the width
     rules           [{y, color, width}] across the whole width
     labelsOver      px that labels may stand right of the plot
     narrow          merged over all this below 520 px
     table           {caption?, folded, columns: [text], rows: [[cell]], models?: [id or null, one per row]}
                     A cell is a string, or {text, value, hint?}: value is the number unrounded, in the unit that the
                     column's name gives (for CSV, JSON and sorting); hint its derivation and source.
   A figure without option has only its table (and prose). */
#ifndef REPORT_FIGURE_H
#define REPORT_FIGURE_H
#include "base/error.h"
#include "base/units.h"

#include <jansson.h>
#include <stdbool.h>

enum { FIGURE_WIDTH = 672 }; /* 7 inches of 96 px */
enum { FIGURE_TICKS = 46 };  /* px left of a plot for a y axis' tick labels */

/* Under construction. The first failure (memory, a malformed layout, a number that is not finite) sticks and makes all
   later calls harmless; figure_finish tells it. A function that takes JSON steals it and accepts NULL. */
struct figure {
    json_t *spec;
    bool failed;
    char why[160];
};
struct figure figure_start(const char *section, const char *id, const char *nav, int height);
/* The spec (a new reference), or NULL with an error that names the figure. Ends f either way. */
json_t *figure_finish(struct figure *f, gable_error *e);
void figure_fail(struct figure *f, const char *why);

/* json_pack that marks the figure where it fails. NULL then. */
json_t *figure_pack(struct figure *f, const char *layout, ...);
/* A JSON string from a printf format. */
json_t *figure_text(struct figure *f, const char *format, ...) PRINTF_LIKE(2, 3);
/* quantity() with a space that does not break. */
struct quantity figure_quantity(double value, const char *unit);
json_t *figure_pair(struct figure *f, double x, double y);

/* Sets a text of the spec ("title", "subtitle", "note", "finding", "method", "command"). */
void figure_say(struct figure *f, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);
void figure_set(struct figure *f, const char *field, json_t *value);
/* Append to a list of the spec or of its option, made on demand. */
void figure_add(struct figure *f, const char *list, json_t *item);
void figure_option(struct figure *f, const char *list, json_t *item);
/* Appends to a list of the narrow variant; item i of it is merged over item i of the spec's list. */
void figure_narrow(struct figure *f, const char *list, json_t *item);
void figure_append(struct figure *f, json_t *array, json_t *item); /* to any array, borrowed */
/* shape: dot, ring, line, dash, drop, square or none */
void figure_key(struct figure *f, const char *shape, const char *color, const char *text);

/* Layout: a plot's margins in px, axes. Axis functions return the axis, to be handed to figure_option. */
void figure_grid(struct figure *f, int left, int right, int top, int bottom);
json_t *figure_log_axis(struct figure *f, int grid, const char *name, const char *formatter, double low, double high);
/* Linear from `low` to `high` with ticks at round steps. */
json_t *figure_linear_axis(struct figure *f, int grid, const char *name, const char *formatter, double low,
                           double high);
/* Linear from 0 up, ticks at whole numbers only. */
json_t *figure_whole_axis(struct figure *f, int grid, const char *name, const char *formatter, double high);
json_t *figure_category_axis(struct figure *f, int grid, json_t *names, bool is_inverse);
/* Moves the name of a y axis to the top left, over its ticks. */
json_t *figure_y_axis(struct figure *f, json_t *axis, int tick_width);
/* Bounds of a log axis around [low, high]: the next 1, 2 or 5 outside, `room` times further out. */
double figure_log_low(double low, double room);
double figure_log_high(double high, double room);

/* Series. */
struct stroke {
    const char *color;
    double width;
    const char *type; /* "solid" (NULL), "dashed", "dotted" */
    double opacity;   /* 0: 1 */
    double avoid;     /* how much a label avoids it; 0: not at all */
    int z, grid;
};
/* One line through [x, y] items (or {value, symbol, ...} items). */
void figure_line(struct figure *f, json_t *points, const struct stroke *s);
/* Many segments or paths: items {coords, model}. */
void figure_lines(struct figure *f, json_t *items, bool is_path, const struct stroke *s);
struct point {
    const char *name, *model; /* model may be NULL */
    double x, y;
    const char *color;
    bool is_hollow;
    const char *symbol; /* NULL: circle */
    json_t *facts;      /* stolen; may be NULL */
};
json_t *figure_point(struct figure *f, const struct point *p);
void figure_points(struct figure *f, json_t *points, int grid, int size, int z);
json_t *figure_facts(struct figure *f);
void figure_fact(struct figure *f, json_t *facts, const char *what, const char *format, ...) PRINTF_LIKE(4, 5);

/* A bar series over category axes; stack NULL: not stacked. Items by figure_bar. */
void figure_bars(struct figure *f, int grid, const char *stack, const char *color, int width, json_t *items);
/* label (may be NULL) stands at the bar's end; facts stolen. */
json_t *figure_bar(struct figure *f, double value, const char *name, const char *model, const char *label,
                   json_t *facts);

/* The table: columns are separated by '|'. */
void figure_table(struct figure *f, const char *caption, bool is_folded, const char *columns);
json_t *figure_row(struct figure *f, const char *model); /* borrowed; model may be NULL */
void figure_cell(struct figure *f, json_t *row, const char *text);
/* Three significant digits shown, the number itself kept; NaN is an empty cell. */
void figure_number(struct figure *f, json_t *row, double value);
void figure_exact(struct figure *f, json_t *row, count value);
void figure_year(struct figure *f, json_t *row, int year);              /* a number without thousands */
void figure_cell_hint(struct figure *f, json_t *row, const char *hint); /* of the row's last cell */
#endif
