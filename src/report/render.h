/* A figure's spec to a drawing: ECharts and web/figure.js in Duktape, text measured with cairo in the font that the SVG
   names and librsvg finds. */
#ifndef REPORT_RENDER_H
#define REPORT_RENDER_H
#include "report/theme.h"

enum { RENDER_MARGIN = 12 }; /* px of paper around a figure */

struct renderer; /* one JavaScript heap with ECharts loaded: about 0.2 s to make, for any number of figures */
gable_status renderer_new(struct renderer **out, gable_error *e);
void renderer_free(struct renderer *r);

struct drawing {
    char *svg;             /* in stand-in colours: theme_color makes it light, dark or the page's */
    double width, height;  /* px with margins */
    double header, footer; /* the plot lies between them, px from the top margin's end */
};
/* width: px with margins (report/figure.h: FIGURE_WIDTH). The error names the figure. */
gable_status renderer_draw(struct renderer *r, const struct theme *theme, const json_t *spec, double width,
                           struct drawing *out, gable_error *e);
void drawing_release(struct drawing *d);
/* Calls the script's global function `name` with one JSON text; its text answer is malloced. For tests of the scripts.
 */
gable_status renderer_call(struct renderer *r, const char *name, const char *json, char **out, gable_error *e);
/* Adds a script's text to the heap. */
gable_status renderer_load(struct renderer *r, const char *name, const char *source, size_t len, gable_error *e);
#endif
